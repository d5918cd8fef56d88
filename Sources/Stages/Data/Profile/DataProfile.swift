import BuildModel
import CanonicalJSON
import Engine
import Foundation

/// What rows are like: how many, of what, how long, how often the same, and what speaks against training on them.
package struct DataProfile: Sendable {
    /// Rows of a set, counted without reading them.
    package private(set) var rows: [String: Int] = [:]
    /// Rows that were read: all, or those that a hash chose.
    package private(set) var read = 0
    /// Rows read by set and function; a row that calls several counts for each.
    private(set) var calls: [String: [String: Int]] = [:]
    /// Rows read by set and label, where rows have replies.
    private(set) var labels: [String: [String: Int]] = [:]
    private(set) var noCalls: [String: Int] = [:]
    private(set) var lengths: [Length: Lengths] = [:]
    private var ranks: [String: [(rank: Double, row: Row)]] = [:]
    private(set) var repeats = Repeats()
    private(set) var unfit = Examples()
    private(set) var overlaps: [String: Overlap] = [:]
    let functions: [String: FunctionDefinition]

    /// What is measured, and in what.
    struct Length: Hashable, Sendable {
        var part: String
        var unit: String
    }

    /// Queries that stand more than once in a set.
    struct Repeats: Sendable {
        /// Rows beyond the first with the same query: with the same answer, and with another one.
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

    private static let mostSamples = 3
    /// More labels than this are texts of their own.
    static let mostLabels = 200

    /// Reads an artifact of rows that lies in a folder.
    ///
    /// - Parameters:
    ///   - tokenizer: counts lengths in tokens too.
    ///   - mostRows: of more rows, as many as this are read, about: a hash chooses them.
    ///   - mostCompared: training rows and others that are searched for near ones, at most.
    package init(
        of folder: URL, tokenizer: Tokenizer?, mostRows: Int = 1_000_000, mostCompared: Int = 100_000
    ) throws {
        functions = try File<FunctionPool>(DataFiles.functions.name).existing(in: folder)?.functions ?? [:]
        let sets = try DataFiles.sets(in: folder)
        for set in sets {
            var count = 0
            try LineFile(url: folder.appending(path: DataFiles.set(set).name)).forEachLine { line, _ in
                if !line.isBlank { count += 1 }
            }
            rows[set] = count
        }
        let share = min(1, Double(mostRows) / Double(max(1, rows.values.reduce(0, +))))
        var queries: [String: [String]] = [:]
        let comparedShare = min(share, Double(mostCompared) / Double(max(1, rows.values.reduce(0, +))))
        for set in sets {
            var seen: [UInt64: UInt64] = [:]
            try LineFile(url: folder.appending(path: DataFiles.set(set).name)).forEachLine { line, number in
                guard !line.isBlank else { return }
                let position = share < 1 || comparedShare < 1 ? StableHash.unit("profile/\(set)", 0, String(number)) : 0
                guard position < share else { return }
                let row = try Self.row(line, number, of: set)
                add(row, set, &seen, tokenizer)
                if position < comparedShare { queries[set, default: []].append(row.query) }
            }
        }
        compare(queries)
    }

    private static func row(_ line: ArraySlice<UInt8>, _ number: Int, of set: String) throws -> Row {
        do {
            return try Row(json: JSON(parsingAsWritten: line))
        } catch {
            throw StageFailure("\(DataFiles.set(set).name), line \(number): \(error)")
        }
    }

    private mutating func add(_ row: Row, _ set: String, _ seen: inout [UInt64: UInt64], _ tokenizer: Tokenizer?) {
        read += 1
        addSample(row, set)
        let response = row.reply ?? JSON.array(row.answers.map(\.json)).canonicalText
        for (part, text) in [("query", row.query), ("response", response)] where !row.isPassage || part == "query" {
            lengths[Length(part: part, unit: "characters"), default: Lengths()].add(text.count)
            guard let tokenizer else { continue }
            lengths[Length(part: part, unit: "tokens"), default: Lengths()].add(tokenizer.encodePlainText(text).count)
        }
        guard !row.isPassage else { return }
        if let reply = row.reply {
            // Texts of their own would fill the memory.
            if labels[set, default: [:]].count <= Self.mostLabels || labels[set]?[reply] != nil {
                labels[set, default: [:]][reply, default: 0] += 1
            }
        } else if row.answers.isEmpty {
            noCalls[set, default: 0] += 1
        }
        for name in Set(row.answers.map(\.name)) { calls[name, default: [:]][set, default: 0] += 1 }
        checkRepeats(of: row, response, set, &seen)
        checkAnswers(of: row, set)
    }

    /// Those with the smallest hashes: rows of one function often stand together.
    private mutating func addSample(_ row: Row, _ set: String) {
        let rank = StableHash.unit("sample", 0, row.id)
        var kept = ranks[set] ?? []
        guard kept.count < Self.mostSamples || rank < kept[kept.count - 1].rank else { return }
        kept.append((rank, row))
        kept.sort { $0.rank < $1.rank }
        ranks[set] = Array(kept.prefix(Self.mostSamples))
    }

    var samples: [String: [Row]] { ranks.mapValues { $0.map { $0.row } } }

    /// A query and an answer are told by 64 bits of their hashes.
    private mutating func checkRepeats(of row: Row, _ response: String, _ set: String, _ seen: inout [UInt64: UInt64]) {
        let query = Digest(hashing: row.query).first64Bits
        let answer = Digest(hashing: response).first64Bits
        guard let earlier = seen[query] else {
            seen[query] = answer
            return
        }
        if earlier == answer {
            repeats.same += 1
        } else {
            repeats.other.add("\(set): \(row.query)")
        }
    }

    private mutating func checkAnswers(of row: Row, _ set: String) {
        guard !row.answers.isEmpty, !functions.isEmpty || row.definitions != nil else { return }
        if case .rejected(let reason) = AnswerJudge.ast.verdict(on: row.answers, for: row, functions: functions) {
            unfit.add("\(set), \(row.id): \(reason)")
        }
    }

    private mutating func compare(_ queries: [String: [String]]) {
        guard let training = queries[RowSets.training], queries.count > 1 else { return }
        let known = Set(training)
        let near = NearQueries(training)
        for (set, texts) in queries where set != RowSets.training {
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

extension File where Content: FileContent {
    /// The content; `nil` where the folder has no such file.
    fileprivate func existing(in folder: URL) throws -> Content? {
        let url = folder.appending(path: name)
        return FileManager.default.fileExists(atPath: url.path) ? try Content(reading: url, named: name) : nil
    }
}

extension Digest {
    fileprivate var first64Bits: UInt64 { bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) } }
}
