import CanonicalJSON
import Words

/// What a judging model's reply comes to.
struct ReadReply: Hashable, Sendable {
    /// The verdict as it is said, in lower case; `nil` where the reply has none.
    var word: String?
    /// What the reply says besides; `nil` where it says nothing.
    var rationale: String?
}

extension VerdictReading {
    /// Finds the verdict in a reply. One that does not end has none.
    func read(_ reply: JudgingReply) -> ReadReply {
        guard self != .word else {
            return ReadReply(word: reply.isWhole ? Self.singleWord(in: reply.text) : nil, rationale: reply.reasoning?.nonEmpty)
        }
        let parts = ReasonedReply(reply.text)
        let found = find(in: parts.said)
        let said = [reply.reasoning, parts.reasoning, found.besides].compactMap { $0?.nonEmpty }
        return ReadReply(
            word: reply.isWhole && parts.isClosed ? found.word : nil,
            rationale: said.isEmpty ? nil : said.joined(separator: "\n\n"))
    }

    /// A word in any case, with or without a full stop, and nothing else but white space around it.
    private static func singleWord(in text: String) -> String? {
        let words = text.lowercased().split(whereSeparator: \.isWhitespace)
        guard words.count == 1 else { return nil }
        return String(words[0].hasSuffix(".") ? words[0].dropLast() : words[0])
    }

    private func find(in text: String) -> (word: String?, besides: String?) {
        switch self {
        case .word: (Self.singleWord(in: text), nil)
        case .lastLine: Self.lastLine(of: text)
        case .json: Self.member(of: text)
        case .pattern(let pattern): Self.match(of: pattern, in: text)
        }
    }

    /// `**Verdict: Yes.**` says yes.
    private static func lastLine(of text: String) -> (word: String?, besides: String?) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard let last = lines.lastIndex(where: { !$0.allSatisfy(\.isWhitespace) }) else { return (nil, nil) }
        let verdict = lines[last].split(separator: ":").last ?? lines[last]
        return (plain(verdict), lines[..<last].joined(separator: "\n"))
    }

    /// The last JSON object of a text: its `verdict` or `grade`, its `reason` or `rationale`.
    private static func member(of text: String) -> (word: String?, besides: String?) {
        guard let object = lastObject(in: text) else { return (nil, text) }
        let word = ["verdict", "grade"].lazy.compactMap { object[$0] }.first.flatMap { value in
            value.bool.map { $0 ? "yes" : "no" } ?? plain(Substring(value.string ?? value.canonicalText))
        }
        return (word, ["reason", "rationale"].lazy.compactMap { object[$0]?.string }.first ?? text)
    }

    private static func lastObject(in text: String) -> JSON? {
        guard let end = text.lastIndex(of: "}") else { return nil }
        var start = text[...end].lastIndex(of: "{")
        // A brace within the object's texts begins no object: the next one before it may.
        for _ in 0..<100 {
            guard let opening = start else { return nil }
            let json = try? JSON(parsing: String(text[opening...end]), maximumDepth: 16)
            if let json, json["verdict"] != nil || json["grade"] != nil { return json }
            start = text[..<opening].lastIndex(of: "{")
        }
        return nil
    }

    /// The last match's first group, or all of it.
    private static func match(of pattern: String, in text: String) -> (word: String?, besides: String?) {
        guard let expression = try? Regex(pattern), let match = text.matches(of: expression).last else { return (nil, text) }
        let group = match.output.count > 1 ? match.output[1].substring : nil
        let besides = String(text[..<match.range.lowerBound])
        return (plain(group ?? text[match.range]), besides)
    }

    /// A word without the marks that people and models put around it.
    private static func plain(_ text: Substring) -> String? {
        let marks: Set<Character> = ["*", "_", "`", "\"", "'", ".", "!", "[", "]", "(", ")", "#"]
        func isAround(_ character: Character) -> Bool { character.isWhitespace || marks.contains(character) }
        var word = text
        while let first = word.first, isAround(first) { word.removeFirst() }
        while let last = word.last, isAround(last) { word.removeLast() }
        return word.isEmpty ? nil : word.lowercased()
    }
}

/// A reply as what stands between `<think>` and `</think>`, and what is said then. Some models leave the first mark out.
private struct ReasonedReply {
    var reasoning: String?
    var said: String
    /// Whether no reasoning is left open.
    var isClosed = true

    init(_ text: String) {
        let (opening, closing) = ("<think>", "</think>")
        let start = text.firstRange(of: opening)
        guard let end = text.ranges(of: closing).last else {
            isClosed = start == nil
            reasoning = start.map { String(text[$0.upperBound...]) }
            said = start == nil ? text : ""
            return
        }
        let from = start.flatMap { $0.upperBound <= end.lowerBound ? $0.upperBound : nil } ?? text.startIndex
        reasoning = String(text[from..<end.lowerBound])
        said = String(text[end.upperBound...])
    }
}

extension String {
    /// The text without white space around it; `nil` where nothing is left.
    fileprivate var nonEmpty: String? {
        let text = trimmed
        return text.isEmpty ? nil : text
    }
}

/// A judging model's word: `yes` or `no` in any case, with or without a full stop, and nothing else but white space around it.
enum ModelVerdict: String {
    case yes
    case no

    init?(reply: JudgingReply) {
        guard let word = VerdictReading.word.read(reply).word else { return nil }
        self.init(rawValue: word)
    }
}
