import CanonicalJSON
import Records

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
    case missingValue = "a column without a value"
    case noSpan = "a text without spans, of which nobody says whether it calls anything"
    /// Damaged or wrong, where the recipe allows some such rows.
    case badRow = "bad rows"

    /// Whether somebody who skips such parts may not mean to.
    var isSuspicious: Bool { [.noFunction, .unlistedFunction, .unreadableCall].contains(self) }

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

    private struct FileCount: Hashable, Sendable {
        var name: String
        var set: String
        /// `CSV in gzip`; `nil` where a format reads its files by itself.
        var form: String?
        var records = 0
        var rows = 0
    }

    private(set) var rows = 0
    /// Rows that are questions alone.
    private(set) var unlabelled = 0
    private var skipped: [SkipReason: Skipped] = [:]
    private var files: [FileCount] = []

    /// Records read so far.
    var records: Int { files.reduce(0) { $0 + $1.records } }
    /// Records of the file that is being read.
    var recordsOfFile: Int { files.last?.records ?? 0 }
    func count(of reason: SkipReason) -> Int { skipped[reason]?.count ?? 0 }
    /// The place of the first part that was skipped for a reason.
    func firstPlace(of reason: SkipReason) -> String? { skipped[reason]?.places.first }

    mutating func begin(_ file: IngestedFile) {
        files.append(FileCount(name: file.name, set: file.set))
    }

    mutating func countRecord() { files[files.count - 1].records += 1 }

    mutating func end(_ form: RecordFile.Form) { files[files.count - 1].form = form.description }

    /// - Parameter file: the name of the file that has the row.
    mutating func countRow(of file: String, set: String, isUnlabelled: Bool = false) {
        rows += 1
        unlabelled += isUnlabelled ? 1 : 0
        if let index = files.lastIndex(where: { $0.name == file && $0.set == set }) { files[index].rows += 1 }
    }

    mutating func skip(_ reason: SkipReason, place: String) {
        skipped[reason, default: Skipped()].count += 1
        if skipped[reason, default: Skipped()].places.count < Self.mostPlaces {
            skipped[reason, default: Skipped()].places.append(place)
        }
    }

    /// `{"files": [{"file": "a.csv", "form": "CSV", "set": "train", "records": 14, "rows": 12}], "rows": 12,
    /// "skipped": {reason: {"count": 2, "places": ["a.csv, line 3"]}}}`, and `unlabelled` where rows are questions alone.
    var json: JSON {
        let reasons = skipped.map { reason, skipped in
            (reason.words, ["count": .count(skipped.count), "places": .array(skipped.places.map(JSON.string))] as JSON)
        }
        var report: [String: JSON] = [
            "files": .array(
                files.map { file in
                    var members: [String: JSON] = [
                        "file": .string(file.name), "set": .string(file.set), "records": .count(file.records),
                        "rows": .count(file.rows),
                    ]
                    if let form = file.form { members["form"] = .string(form) }
                    return .object(members)
                }),
            "rows": .count(rows), "skipped": .object(Dictionary(uniqueKeysWithValues: reasons)),
        ]
        if unlabelled > 0 { report["unlabelled"] = .count(unlabelled) }
        return .object(report)
    }

    /// For the log: one line for each file, and one for each reason in the order of their declaration.
    var lines: [String] { Self.lines(of: json) }

    /// As `show` prints the report.
    static let figures = Figures { name, report in ([name] + lines(of: report).map { "  " + $0 }).joined(separator: "\n") }

    private static func lines(of report: JSON) -> [String] {
        let files = (report["files"]?.array ?? []).map { file in
            let form = file["form"]?.string.map { " (\($0))" } ?? ""
            let counts = "\(file["records"]?.integer ?? 0) records, \(file["rows"]?.integer ?? 0) rows"
            return "\(file["file"]?.string ?? "")\(form): \(counts) for \(file["set"]?.string ?? "")"
        }
        let skipped = SkipReason.allCases.compactMap { reason -> String? in
            guard let skipped = report["skipped"]?[reason.words], let count = skipped["count"]?.integer else { return nil }
            let places = (skipped["places"]?.array ?? []).compactMap(\.string)
            return "skipped \(count): \(reason.words) (\(places.joined(separator: "; "))\(count > places.count ? ", …" : ""))"
        }
        let questions =
            report["unlabelled"]?.integer.map { ["\($0) rows are questions alone: they say not what is right"] } ?? []
        return files + questions + skipped
    }
}
