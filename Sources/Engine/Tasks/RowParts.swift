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
}

extension RowOptions {
    /// Reads the members `options` and `right` of a row; `nil` where it has no options.
    init?(row json: JSON) throws(RowError) {
        guard let options = json["options"] else { return nil }
        guard let list = options.array, case let texts = list.compactMap(\.string), texts.count == list.count else {
            throw RowError("'options' is no list of texts")
        }
        guard let right = json["right"]?.integer else { throw RowError("there are 'options', but no 'right'") }
        try self.init(texts, right: right)
    }

    var members: [String: JSON] { ["options": .array(texts.map(JSON.string)), "right": .count(right)] }
}

extension RankedText {
    /// Reads the member `ranked` of a row; `nil` where it has none.
    init?(row json: JSON) throws(RowError) {
        guard let ranked = json["ranked"] else { return nil }
        guard let text = ranked["text"]?.string, let relevance = ranked["relevance"]?.double,
            let group = ranked["group"]?.string
        else { throw RowError("'ranked' has no text, relevance and group") }
        try self.init(text, relevance: relevance, group: group)
    }

    var members: [String: JSON] {
        ["ranked": ["text": .string(text), "relevance": .number(relevance), "group": .string(group)]]
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
