import CanonicalJSON
import Kinds

/// What `bench.serve` measured of several models, side by side.
struct ServingTables {
    /// Titles without a full stop; a table without lines is left out.
    let tables: [(title: String, table: TextTable)]

    /// A model's measurements with and without kept prefixes.
    private struct Part {
        let model: String
        let cache: String
        let figures: JSON

        var words: [String] { [model, cache] }

        func load(_ kind: String, _ number: String) -> JSON? { figures[kind]?[number] }
    }

    private static let headings = ["model", "prefixes"]

    /// - Parameters:
    ///   - rows: of a report: each `name`, and under `serving` what `serving.json` has; others are passed over.
    ///   - quality: the metric that decides which models are worth their time, with the set that it is of.
    init(_ rows: [JSON], quality: (metric: Metric, set: String?)? = nil) {
        let served = rows.filter { $0["serving"]?["queries_per_second"] != nil }
        let parts = served.flatMap { row in
            ["warm", "cold"].compactMap { cache in
                row["serving"]?[cache].map { Part(model: row["name"]?.string ?? "", cache: cache, figures: $0) }
            }
        }
        let all: [(title: String, table: TextTable)] = [
            ("Answers a second by the number of clients", Self.speeds(of: parts)),
            ("Response time by the number of clients: median / 99th percentile, ms", Self.responseTimes(of: parts)),
            ("Requests at random times: median / 99th percentile, ms", Self.rates(of: parts)),
            ("What answers cost", Self.costs(of: served, quality)),
        ]
        tables = all.filter { !$0.table.lines.isEmpty }
    }

    private static func speeds(of parts: [Part]) -> TextTable {
        let clients = numbers("clients", of: parts)
        let lines = parts.map { part in
            part.words + clients.map { text(part.load("clients", $0)?["queries_per_second"], places: 1) }
        }
        return TextTable(headings: headings + clients, lines: lines, words: 2)
    }

    private static func responseTimes(of parts: [Part]) -> TextTable {
        let clients = numbers("clients", of: parts)
        let lines = parts.map { part in part.words + clients.map { times(part.load("clients", $0)?["response"]) } }
        return TextTable(headings: headings + clients, lines: lines, words: 2)
    }

    private static func rates(of parts: [Part]) -> TextTable {
        TextTable(
            headings: headings + ["requests/s", "answers/s", "goodput", "response", "first token", "per token"],
            lines: parts.flatMap { part in numbers("rates", of: [part]).map { rateCells(part, $0) } }, words: 2)
    }

    private static func rateCells(_ part: Part, _ rate: String) -> [String] {
        let load = part.load("rates", rate)
        return part.words + [
            rate, text(load?["queries_per_second"], places: 1), text(load?["goodput"], places: 1), times(load?["response"]),
            times(load?["first_token"]), times(load?["further_token"]),
        ]
    }

    /// The most answers a second, the server's memory, what a million answers cost, and which model none beats.
    private static func costs(of rows: [JSON], _ quality: (metric: Metric, set: String?)?) -> TextTable {
        let hasPrices = rows.contains { $0["price_per_million"] != nil }
        let hasFront = quality != nil && rows.contains { $0["serving_front"] != nil }
        var headings = ["model", "most answers/s", "memory"]
        if hasPrices { headings.append("price/1M answers") }
        if let quality, hasFront { headings += [quality.metric.heading + (quality.set.map { " \($0)" } ?? ""), "front"] }
        return TextTable(
            headings: headings,
            lines: rows.map { row in
                let serving = row["serving"] ?? [:]
                let memory = serving["warm"]?["memory"]?.double.map { $0 / 1_048_576 }
                var cells = [
                    row["name"]?.string ?? "", text(serving["queries_per_second"], places: 1),
                    memory.map { Metric.Format(places: 1, unit: " MiB").text($0) } ?? "–",
                ]
                if hasPrices { cells.append(text(row["price_per_million"], places: 3)) }
                if let quality, hasFront {
                    cells.append(quality.metric.figure(in: row, on: quality.set).map(quality.metric.format.text) ?? "–")
                    cells.append(row["serving_front"] == true ? "yes" : "")
                }
                return cells
            })
    }

    /// The numbers of clients, or the rates, that any part has: the smallest first.
    private static func numbers(_ kind: String, of parts: [Part]) -> [String] {
        let all = Set(parts.flatMap { Array(($0.figures[kind]?.object ?? [:]).keys) })
        return all.compactMap { text in Double(text).map { (number: $0, text: text) } }
            .sorted { ($0.number, $0.text) < ($1.number, $1.text) }.map(\.text)
    }

    private static func text(_ value: JSON?, places: Int) -> String {
        value?.double.map { Metric.Format(places: places).text($0) } ?? "–"
    }

    /// `1.2 / 3.4`, in milliseconds.
    private static func times(_ times: JSON?) -> String {
        guard let median = times?["p50"]?.double, let last = times?["p99"]?.double else { return "–" }
        let format = Metric.Format(places: 1, factor: 1000)
        return "\(format.text(median)) / \(format.text(last))"
    }

    var text: String { tables.map { "\($0.title)\n\n\($0.table.text)" }.joined(separator: "\n") }
}

extension Figures {
    /// Those of one model.
    static let serving = Figures { name, content in
        let tables = ServingTables([["name": .string(name), "serving": content]])
        return tables.tables.isEmpty ? "\(name)\n\(content.prettyText)" : tables.text
    }
}

extension Report {
    /// Rows with what a million answers cost, and whether no other model is as good and as fast; unchanged where no serving was
    /// measured.
    func withServingCosts(_ rows: [JSON]) -> [JSON] {
        let points = rows.map { row -> ParetoFront.Point? in
            guard let (metric, set) = servedQuality, let figure = metric.figure(in: row, on: set),
                let speed = row["serving"]?["queries_per_second"]?.double
            else { return nil }
            // The slower, the dearer.
            return ParetoFront.Point(cost: -speed, quality: figure)
        }
        let front = ParetoFront(points)
        return rows.enumerated().map { place, row in
            guard let serving = row["serving"], var members = row.object else { return row }
            if points[place] != nil { members["serving_front"] = .bool(front.members[place]) }
            if let corePrice, let speed = serving["queries_per_second"]?.double, speed > 0 {
                let cores = serving["threads"]?.double ?? 1
                members["price_per_million"] = .number(corePrice * cores / 3600 / speed * 1e6)
            }
            return .object(members)
        }
    }

    /// The first metric of right answers that the report shows, with the set that it is read on.
    private var servedQuality: (metric: Metric, set: String?)? { ServingTables.quality(among: metrics, sets: sets) }
}

extension ServingTables {
    /// The first metric of right answers, with the set that it is read on.
    static func quality(among metrics: [String], sets: [String]) -> (metric: Metric, set: String?)? {
        let metric = metrics.compactMap(Metric.named).first { $0.isOfSets && $0.direction == .higherIsBetter }
        return metric.map { ($0, sets.first) }
    }
}
