import CanonicalJSON
import Engine
import Words

/// What a judging model is asked about a response: a text with places for what it is about.
struct JudgingQuestion {
    /// The recipe's text, or the standard one where that is empty.
    let template: String

    static let standard = """
        Someone asked an assistant that answers with function calls:
        {query}

        The functions, one a line:
        {functions}

        Calls that are known to be right ([] where no call is wanted):
        {reference}

        The assistant's answer:
        {answer}

        Does the answer make the same calls, with arguments that mean the same? Reply with one word, yes or no.
        """

    init(_ written: String) { template = written.isEmpty ? Self.standard : written }

    /// The question about a response. What is put into a place is never searched for places.
    func text(about response: String, to row: Row, functions: [String: FunctionDefinition]) throws(RowError) -> String {
        let listsAll = row.functions.isEmpty && row.definitions == nil
        let definitions =
            listsAll
            ? functions.values.sorted { $0.name < $1.name } : try PromptStyle.definitions(of: row, functions)
        let values = [
            "query": (row.background.context.map(\.content) + [row.query]).joined(separator: "\n"),
            "functions": PromptStyle.listing(of: definitions), "reference": PromptStyle.response(to: row), "answer": response,
        ]
        var text = ""
        var rest = template[...]
        while let start = rest.firstIndex(of: "{") {
            text += rest[..<start]
            rest = rest[start...]
            let place = rest.firstIndex(of: "}").map { (name: String(rest[rest.index(after: start)..<$0]), end: $0) }
            if let place, let value = values[place.name] {
                text += value
                rest = rest[rest.index(after: place.end)...]
            } else {
                text += "{"
                rest = rest.dropFirst()
            }
        }
        return text + rest
    }
}

/// A judging model's word: `yes` or `no` in any case, with or without a full stop, and nothing else but white space around it.
enum ModelVerdict: String {
    case yes
    case no

    init?(reply: JudgingReply) {
        guard reply.isWhole else { return nil }
        let words = reply.text.lowercased().split(whereSeparator: \.isWhitespace)
        guard words.count == 1 else { return nil }
        self.init(rawValue: String(words[0].hasSuffix(".") ? words[0].dropLast() : words[0]))
    }
}
