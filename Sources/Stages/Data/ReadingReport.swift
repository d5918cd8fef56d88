import CanonicalJSON

/// Why a part of a file became no row.
enum SkipReason: String, CaseIterable, Hashable, Sendable {
    /// Equal to a row before it in every member.
    case equalRow = "equal to an earlier row"
    /// OpenAI's `weight: 0`, and what stands in a prompt.
    case contextOnly = "an assistant's turn that is context and not to be learned"
    case badAnswer = "an assistant's turn that its record marks as bad"
    case emptyTurn = "an assistant's turn without words and calls"
    case noQuestion = "an assistant's turn before any words of the user"
    case unlistedFunction = "a call of a function that its record does not list"
    case unreadableCall = "a call in an assistant's words that is not written as JSON"
    case noFunction = "words, in a record that lists no function; with 'task: text' or 'task: classify' words are learned"

    /// What messages and `reading.json` say.
    var words: String { rawValue }
}

/// What became of the records of the files: rows read, and parts skipped by reason, with the places of the first.
struct ReadingReport: Hashable, Sendable {
    static let file = File<JSON>("reading.json")
    /// Places that are named for a reason.
    static let mostPlaces = 5

    private struct Skipped: Hashable, Sendable {
        var count = 0
        var places: [String] = []
    }

    private(set) var rows = 0
    private var skipped: [SkipReason: Skipped] = [:]

    mutating func countRow() { rows += 1 }

    mutating func skip(_ reason: SkipReason, place: String) {
        skipped[reason, default: Skipped()].count += 1
        if skipped[reason, default: Skipped()].places.count < Self.mostPlaces {
            skipped[reason, default: Skipped()].places.append(place)
        }
    }

    /// `{"rows": 12, "skipped": {reason: {"count": 2, "places": ["a.jsonl, line 3"]}}}`
    var json: JSON {
        let reasons = skipped.map { reason, skipped in
            (reason.words, ["count": .count(skipped.count), "places": .array(skipped.places.map(JSON.string))] as JSON)
        }
        return ["rows": .count(rows), "skipped": .object(Dictionary(uniqueKeysWithValues: reasons))]
    }

    /// For the log: one line for each reason, in the order of their declaration.
    var lines: [String] {
        SkipReason.allCases.compactMap { reason in
            guard let skipped = skipped[reason] else { return nil }
            let more = skipped.count > skipped.places.count ? ", …" : ""
            return "skipped \(skipped.count): \(reason.words) (\(skipped.places.joined(separator: "; "))\(more))"
        }
    }
}
