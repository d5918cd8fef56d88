import CanonicalJSON
import Foundation

extension WordPieceTokenizer {
    /// Reads `tokenizer.json` of a folder, or `vocab.txt` and what `tokenizer_config.json` says of it where there is none.
    package init(readingFolder folder: URL) throws(ModelFileError) {
        func content(_ file: String) -> Data? { FileManager.default.contents(atPath: folder.appending(path: file).path) }
        func json(_ file: String, _ content: Data) throws(ModelFileError) -> JSON {
            do {
                return try JSON(parsing: content)
            } catch {
                throw ModelFileError(file: file, reason: "the file is not JSON: \(error)")
            }
        }
        if let data = content("tokenizer.json") {
            try self.init(parsing: try json("tokenizer.json", data))
        } else if let data = content("vocab.txt") {
            let configuration = content("tokenizer_config.json")
            try self.init(
                lines: data,
                configuration: try configuration.map { data throws(ModelFileError) in
                    try json("tokenizer_config.json", data)
                } ?? [:])
        } else {
            throw ModelFileError(file: "tokenizer.json", reason: "the file is missing, and vocab.txt too")
        }
    }

    /// Takes a tokenizer apart as the `tokenizers` library saves BERT's; anything else is an error that names it.
    package init(parsing json: JSON, file: String = "tokenizer.json") throws(ModelFileError) {
        do throws(TokenizerFault) {
            var settings = Settings()
            let model = json["model"] ?? .null
            try Self.check(model, is: "WordPiece", "model")
            let normalizer = json["normalizer"] ?? .null
            try Self.check(normalizer, is: "BertNormalizer", "normalizer")
            try Self.check(json["pre_tokenizer"] ?? .null, is: "BertPreTokenizer", "pre_tokenizer")
            settings.normalizer = Self.normalizer(
                cleans: normalizer["clean_text"], chinese: normalizer["handle_chinese_chars"],
                accents: normalizer["strip_accents"], lowers: normalizer["lowercase"])
            settings.unknown = model["unk_token"]?.string ?? settings.unknown
            settings.continuation = model["continuing_subword_prefix"]?.string ?? settings.continuation
            settings.longestWord = model["max_input_chars_per_word"]?.integer ?? settings.longestWord
            (settings.begin, settings.end) = try Self.frame(json["post_processor"] ?? .null)
            try self.init(vocabulary: try Self.vocabulary(model["vocab"]), settings)
        } catch {
            throw ModelFileError(file: file, reason: error.description)
        }
    }

    /// One piece a line, whose number is its id.
    private init(lines content: Data, configuration: JSON) throws(ModelFileError) {
        var vocabulary: [[UInt8]: Int32] = [:]
        let lines = content.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (id, line) in lines.enumerated() where id < lines.count - 1 || !line.isEmpty {
            vocabulary[Array(line.last == UInt8(ascii: "\r") ? line.dropLast() : line)] = Int32(truncatingIfNeeded: id)
        }
        var settings = Settings()
        settings.normalizer = Self.normalizer(
            cleans: nil, chinese: configuration["tokenize_chinese_chars"], accents: configuration["strip_accents"],
            lowers: configuration["do_lower_case"])
        do throws(TokenizerFault) {
            try self.init(vocabulary: vocabulary, settings)
        } catch {
            throw ModelFileError(file: "vocab.txt", reason: error.description)
        }
    }

    private static func check(_ json: JSON, is type: String, _ name: String) throws(TokenizerFault) {
        guard json["type"]?.string == type else {
            throw TokenizerFault(
                "its \(name) is of type \(json["type"]?.canonicalText ?? "none"); an encoder's must be \(type)")
        }
    }

    /// Accents go where nothing is said of them and capitals go.
    private static func normalizer(cleans: JSON?, chinese: JSON?, accents: JSON?, lowers: JSON?) -> BertNormalizer {
        let lowersCase = lowers?.bool ?? true
        return BertNormalizer(
            cleansText: cleans?.bool ?? true, separatesChinese: chinese?.bool ?? true,
            stripsAccents: accents?.bool ?? lowersCase, lowersCase: lowersCase)
    }

    private static func vocabulary(_ json: JSON?) throws(TokenizerFault) -> [[UInt8]: Int32] {
        guard let members = json?.object else { throw TokenizerFault("the model has no vocab") }
        var vocabulary: [[UInt8]: Int32] = [:]
        var seen: Set<Int32> = []
        for (piece, value) in members {
            guard let id = value.integer.flatMap({ Int32(exactly: $0) }), id >= 0 else {
                throw TokenizerFault("the id of the piece '\(piece)' is \(value.canonicalText)")
            }
            guard seen.insert(id).inserted else {
                throw TokenizerFault("two pieces have the id \(id), '\(piece)' is one of them")
            }
            vocabulary[Array(piece.utf8)] = id
        }
        return vocabulary
    }

    /// The tokens before and behind a text: of `TemplateProcessing` or `BertProcessing`.
    private static func frame(_ json: JSON) throws(TokenizerFault) -> (begin: String, end: String) {
        switch json["type"]?.string {
        case "BertProcessing":
            if let begin = json["cls"]?[0]?.string, let end = json["sep"]?[0]?.string { return (begin, end) }
        case "TemplateProcessing":
            let parts = json["single"]?.array ?? []
            if parts.count == 3, parts[1]["Sequence"] != nil, let begin = parts[0]["SpecialToken"]?["id"]?.string,
                let end = parts[2]["SpecialToken"]?["id"]?.string
            {
                return (begin, end)
            }
        default: break
        }
        throw TokenizerFault("its post_processor does not put one token before a text and one behind it")
    }
}
