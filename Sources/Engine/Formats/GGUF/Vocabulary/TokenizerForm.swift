import CanonicalJSON

/// What a `tokenizer.json` has beside tokens and merges, of tokenizers that GGUF's metadata describe.
protocol TokenizerForm {
    var normalizer: JSON { get }
    var preTokenizer: JSON { get }
    var decoder: JSON { get }
    var afterModel: JSON { get }
    /// Members of the BPE model that the forms differ in.
    func modelMembers(unknown: String?) -> [String: JSON]
}

extension TokenizerForm {
    /// - Parameters:
    ///   - begin: the token before every text, where there is one.
    ///   - end: the token behind it.
    func postProcessor(begin: TokenName?, end: TokenName?) -> JSON {
        guard begin != nil || end != nil else { return afterModel }
        let template = Self.template(begin, end)
        return afterModel == .null ? template : ["type": "Sequence", "processors": [afterModel, template]]
    }

    private static func template(_ begin: TokenName?, _ end: TokenName?) -> JSON {
        func special(_ token: TokenName?, _ type: Int64) -> [JSON] {
            token.map { [["SpecialToken": ["id": .string($0.content), "type_id": .integer(type)]]] } ?? []
        }
        func framed(_ name: String, _ type: Int64) -> [JSON] {
            special(begin, type) + [["Sequence": ["id": .string(name), "type_id": .integer(type)]]] + special(end, type)
        }
        let tokens = [begin, end].compactMap { $0 }.map { token -> (String, JSON) in
            (
                token.content,
                [
                    "id": .string(token.content), "ids": [.integer(Int64(token.id))], "tokens": [.string(token.content)],
                ]
            )
        }
        return [
            "type": "TemplateProcessing", "single": .array(framed("A", 0)),
            "pair": .array(framed("A", 0) + framed("B", 1)), "special_tokens": .object(byBytes: tokens),
        ]
    }
}

/// A token's id and its text.
typealias TokenName = (id: Int, content: String)
