import CanonicalJSON
import Engine
import Foundation
import Words

/// What rows are like: how many, of what, how long, how often the same, and what speaks against training on them.
package struct DataProfile: Sendable {
    /// Rows of a set, counted without reading them.
    package private(set) var rows: [String: Int] = [:]
    /// Rows that were read: all, or those that a hash chose.
    package private(set) var read = 0
    /// Rows read by what they call, or by their label, and by set; a row that calls several functions counts for each.
    private(set) var answers: [String: [String: Int]] = [:]
    private(set) var noCalls: [String: Int] = [:]
    /// Rows read that say not what is right.
    private(set) var unlabelled: [String: Int] = [:]
    private(set) var lengths: [Length: Lengths] = [:]
    private(set) var samples = RowSamples()
    private(set) var repeats = Repeats()
    private(set) var unfit = Examples()
    private(set) var overlaps: [String: Overlap] = [:]
    let description: TaskDescription
    let functions: [String: FunctionDefinition]
    let task: any AnswerTask

    /// What is measured, and in what.
    struct Length: Hashable, Sendable {
        var part: String
        var unit: String
    }

    /// Questions that stand more than once in a set.
    struct Repeats: Sendable {
        /// Rows beyond the first with the same question: with the same answer, and with another one.
        var same = 0
        var other = Examples()
    }

    /// How many rows something is true of, and the first of them.
    struct Examples: Sendable {
        static let most = 5
        private(set) var count = 0
        private(set) var texts: [String] = []

        mutating func add(_ text: @autoclosure () -> String) {
            count += 1
            if texts.count < Self.most { texts.append(text()) }
        }

        var json: JSON { ["count": .count(count), "examples": .array(texts.map(JSON.string))] }
    }

    /// Rows of a set whose query a training row has too, or nearly.
    struct Overlap: Sendable {
        var compared = 0
        var exact = 0
        var near = 0
    }

    /// Reads an artifact of rows that lies in a folder.
    ///
    /// - Parameters:
    ///   - tokenizer: counts lengths in tokens too.
    ///   - mostRows: of more rows, as many as this are read, about: a hash chooses them.
    ///   - mostCompared: training rows and others that are searched for near ones, at most.
    package init(
        of folder: URL, tokenizer: Tokenizer?, mostRows: Int = 1_000_000, mostCompared: Int = 100_000
    ) throws {
        functions = try DataFiles.functions.existing(in: folder)?.functions ?? [:]
        description = try DataFiles.task.existing(in: folder) ?? .calls
        task = try description.task(functions: functions)
        let sets = try DataFiles.sets(in: folder)
        for set in sets { rows[set] = try Self.countLines(of: folder.appending(path: DataFiles.set(set).name)) }
        let total = Double(max(1, rows.values.reduce(0, +)))
        let (share, comparedShare) = (Double(mostRows) / total, Double(min(mostRows, mostCompared)) / total)
        func position(_ number: Int, of set: String) -> Double {
            comparedShare < 1 ? StableHash.unit("profile/\(set)", 0, String(number)) : 0
        }
        var asked: [String: [String]] = [:]
        for set in sets {
            var seen: [Fingerprint: Fingerprint] = [:]
            var place = 0.0
            let file = DataFiles.set(set)
            try file.forEachLine(
                in: folder, named: file.name,
                where: { number in
                    place = position(number, of: set)
                    return place < share
                }
            ) { row in
                add(row, set, &seen, tokenizer)
                if place < comparedShare { asked[set, default: []].append(row.wholeQuery) }
            }
        }
        compare(asked)
    }

    /// Lines that are not empty at their ends: rows, in files that Decant wrote.
    private static func countLines(of file: URL) throws -> Int {
        let handle = try FileHandle(forReadingFrom: file)
        defer { try? handle.close() }
        var count = 0
        var last = UInt8(ascii: "\n")
        while let piece = try handle.read(upToCount: 4 << 20), !piece.isEmpty {
            count += piece.count { $0 == UInt8(ascii: "\n") }
            last = piece[piece.endIndex - 1]
        }
        return last == UInt8(ascii: "\n") ? count : count + 1
    }

    private mutating func add(
        _ row: Row, _ set: String, _ seen: inout [Fingerprint: Fingerprint], _ tokenizer: Tokenizer?
    ) {
        read += 1
        samples.add(row, set)
        let response = row.isUnlabelled ? "" : task.response(to: row)
        for (part, text) in [("query", task.shown(row, in: .query).query), ("response", response)]
        where part == "query" || !(row.isPassage || row.isUnlabelled) {
            lengths[Length(part: part, unit: "characters"), default: Lengths()].add(text.count)
            guard let tokenizer else { continue }
            lengths[Length(part: part, unit: "tokens"), default: Lengths()].add(tokenizer.encodePlainText(text).count)
        }
        guard !row.isPassage else { return }
        if row.isUnlabelled { unlabelled[set, default: 0] += 1 }
        switch description.kind {
        case _ where row.isUnlabelled: break
        case .calls: countCalls(of: row, set)
        case .classify, .rank: answers[response, default: [:]][set, default: 0] += 1
        case .extract, .text, .choice: break
        }
        checkRepeats(of: row, response, set, &seen)
    }

    private mutating func countCalls(of row: Row, _ set: String) {
        if row.answers.isEmpty { noCalls[set, default: 0] += 1 }
        for name in Set(row.answers.map(\.name)) { answers[name, default: [:]][set, default: 0] += 1 }
        if let reason = row.answerFault(functions: functions) { unfit.add("\(set), \(row.id): \(reason)") }
    }

    private mutating func checkRepeats(
        of row: Row, _ response: String, _ set: String, _ seen: inout [Fingerprint: Fingerprint]
    ) {
        // The copies of `data.no-call` ask again on purpose.
        guard !row.id.hasSuffix(RefusedRows.idEnding) else { return }
        let parts = [row.wholeQuery, row.ranked?.text ?? ""] + (row.options?.texts ?? [])
        let question = Fingerprint(parts.joined(separator: "\u{0}").utf8)
        let answer = Fingerprint(response.utf8)
        guard let earlier = seen.updateValue(answer, forKey: question) else { return }
        seen[question] = earlier
        if earlier == answer {
            repeats.same += 1
        } else {
            repeats.other.add("\(set): \(row.query)")
        }
    }

    private mutating func compare(_ asked: [String: [String]]) {
        guard let training = asked[RowSets.training], asked.count > 1 else { return }
        let known = Set(training)
        let near = NearQueries(training)
        for (set, texts) in asked where set != RowSets.training {
            var overlap = Overlap(compared: texts.count)
            for text in texts {
                if known.contains(text) {
                    overlap.exact += 1
                } else if near.contains(near: text) {
                    overlap.near += 1
                }
            }
            overlaps[set] = overlap
        }
    }
}

/// A few rows of each set: those with the smallest hashes, because rows of one function often stand together.
struct RowSamples: Sendable {
    private static let most = 3
    private var ranked: [String: [(rank: Double, row: Row)]] = [:]

    mutating func add(_ row: Row, _ set: String) {
        let rank = StableHash.unit("sample", 0, row.id)
        var kept = ranked[set] ?? []
        guard kept.count < Self.most || rank < kept[kept.count - 1].rank else { return }
        kept.append((rank, row))
        kept.sort { $0.rank < $1.rank }
        ranked[set] = Array(kept.prefix(Self.most))
    }

    var rows: [String: [Row]] { ranked.mapValues { $0.map(\.row) } }
}

extension Row {
    /// The query with what was said around it.
    fileprivate var wholeQuery: String {
        (background.context.map(\.text) + [query] + background.steps.map(\.text)).joined(separator: "\n")
    }
}

extension File {
    /// The content; `nil` where the folder has no such file.
    fileprivate func existing(in folder: URL) throws -> Content? {
        let url = folder.appending(path: name)
        return FileManager.default.fileExists(atPath: url.path) ? try Content(reading: url, named: name) : nil
    }
}
