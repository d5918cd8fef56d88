import CanonicalJSON

/// The options of a row that wants one of them. Two may be equal: the place says which one is right.
package struct RowOptions: Hashable, Sendable {
    package let texts: [String]
    package let right: Int

    /// - Throws: where there are fewer than two options, one is empty, or the right one is none of them.
    package init(_ texts: [String], right: Int) throws(RowError) {
        guard texts.count >= 2 else { throw RowError("there are \(texts.count) options; a choice needs two") }
        if let place = texts.firstIndex(of: "") { throw RowError("option \(place + 1) is empty") }
        guard texts.indices.contains(right) else {
            throw RowError("the right option is \(right), counted from 0, and there are \(texts.count)")
        }
        (self.texts, self.right) = (texts, right)
    }

    package var answer: String { texts[right] }

    /// The same options, none of which is known to be right.
    var unlabelled: RowOptions { RowOptions(unlabelled: texts) }

    /// - Parameter texts: at least two.
    private init(unlabelled texts: [String]) { (self.texts, right) = (texts, 0) }
}

/// What a row asks to be scored: a text, and how well it fits the row's query.
package struct RankedText: Hashable, Sendable {
    package let text: String
    /// 0 for one that does not fit; more for one that fits better.
    package let relevance: Double
    /// What the texts that are ranked against each other have in common.
    package let group: String

    /// - Throws: where the relevance is negative or no number.
    package init(_ text: String, relevance: Double, group: String) throws(RowError) {
        guard relevance.isFinite, relevance >= 0 else { throw RowError("the relevance is \(relevance); it must be 0 or more") }
        (self.text, self.relevance, self.group) = (text, relevance, group)
    }

    package var isRelevant: Bool { relevance > 0 }

    /// The same text, of which nobody knows whether it fits.
    var unlabelled: RankedText { RankedText(unlabelled: text, group: group) }

    private init(unlabelled text: String, group: String) { (self.text, relevance, self.group) = (text, 0, group) }
}

extension RowOptions {
    /// Reads the members `options` and `right` of a row; `nil` where it has no options.
    init?(row json: JSON, isLabelled: Bool) throws(RowError) {
        guard let options = json["options"] else { return nil }
        guard let list = options.array, case let texts = list.compactMap(\.string), texts.count == list.count else {
            throw RowError("'options' is no list of texts")
        }
        guard let right = isLabelled ? json["right"]?.integer : 0 else {
            throw RowError("there are 'options', but no 'right'")
        }
        try self.init(texts, right: right)
    }

    func members(isLabelled: Bool) -> [String: JSON] {
        let options = JSON.array(texts.map(JSON.string))
        return isLabelled ? ["options": options, "right": .count(right)] : ["options": options]
    }
}

extension RankedText {
    /// Reads the member `ranked` of a row; `nil` where it has none.
    init?(row json: JSON, isLabelled: Bool) throws(RowError) {
        guard let ranked = json["ranked"] else { return nil }
        guard let text = ranked["text"]?.string, let relevance = isLabelled ? ranked["relevance"]?.double : 0,
            let group = ranked["group"]?.string
        else { throw RowError("'ranked' has no text, relevance and group") }
        try self.init(text, relevance: relevance, group: group)
    }

    func members(isLabelled: Bool) -> [String: JSON] {
        var members: [String: JSON] = ["text": .string(text), "group": .string(group)]
        if isLabelled { members["relevance"] = .number(relevance) }
        return ["ranked": .object(members)]
    }
}

extension Row {
    /// A row that wants one of its options.
    package init(id: String, query: String, options: RowOptions) {
        self.init(id: id, query: query, answers: [])
        (self.options, reply) = (options, options.answer)
    }

    /// A row that wants a text to be scored.
    package init(id: String, query: String, ranked: RankedText) {
        self.init(id: id, query: query, answers: [])
        self.ranked = ranked
    }
}
