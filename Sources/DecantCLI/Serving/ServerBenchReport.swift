import CanonicalJSON
import Engine
import Foundation
import Load
import Programs
import Stages

/// What a server's loads came to, for people and for programs.
struct ServerBenchReport {
    let url: String
    let model: String
    let loads: [(load: NamedLoad, measurement: LoadMeasurement)]
    /// `nil` where the server is on another machine.
    let process: ServerProcess?

    private var summaries: [LoadSummary] { loads.map(\.measurement.summary) }

    var failures: Int { summaries.reduce(0) { $0 + $1.failed } }

    var failureText: String {
        let asked = loads.reduce(0) { $0 + $1.measurement.requests }
        var reasons: [String: Int] = [:]
        for summary in summaries { reasons.merge(summary.failures, uniquingKeysWith: +) }
        let list = reasons.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.key) (\($0.value))" }
        return "\(failures) of \(asked) requests failed: " + list.joined(separator: "; ")
    }

    var json: JSON {
        var members: [String: JSON] = [
            "url": .string(url), "model": .string(model), "loads": .array(loads.map { Self.json(of: $0, $1) }),
            "processor": .string("\(ProcessorModel.current)"), "processors": .count(Machine.current.processors),
        ]
        members["memory"] = process?.memory.map(JSON.count)
        members["peak_memory"] = process?.peakMemory.map(JSON.count)
        return .object(members)
    }

    private static func json(of load: NamedLoad, _ measurement: LoadMeasurement) -> JSON {
        var members = measurement.json.object ?? [:]
        members[load.kind.rawValue] = .number(load.number)
        return .object(members)
    }

    /// Times in milliseconds.
    var text: String {
        let showsGoodput = summaries.contains { $0.goodput != nil }
        var headings = ["load", "answers/s"]
        if showsGoodput { headings.append("goodput") }
        headings += ["response p50", "p90", "p99", "first token p50", "p99", "per token p50", "p99", "tokens/s"]
        headings += ["prompt", "cached", "answer"]
        let table = TextTable(headings: headings, lines: loads.map { cells(of: $0, $1.summary, showsGoodput: showsGoodput) })
        var lines = table.alignedLines
        lines.append("")
        lines.append(
            "Times in ms. \(url), \(model); processor \(ProcessorModel.current), \(Machine.current.processors) at work.")
        if let memory = process?.peakMemory { lines.append("The server had \(ByteCount.text(memory)) at most.") }
        let own = summaries.map(\.ownProcessors).max() ?? 0
        lines.append("This client took \(own.fixed(2)) of a processor at most.")
        let uncounted = summaries.reduce(0) { $0 + $1.uncounted }
        if uncounted > 0 { lines.append("The server counted no tokens of \(uncounted) answers; their pieces stand for them.") }
        return lines.joined(separator: "\n") + "\n"
    }

    private func cells(of load: NamedLoad, _ summary: LoadSummary, showsGoodput: Bool) -> [String] {
        let answers = Double(max(summary.answered, 1))
        func time(_ seconds: Double?) -> String { seconds.map { ($0 * 1000).fixed(1) } ?? "–" }
        func mean(_ tokens: Int?) -> String { tokens.map { (Double($0) / answers).fixed(1) } ?? "–" }
        var cells = [load.name, summary.queriesPerSecond.fixed(1)]
        if showsGoodput { cells.append(summary.goodput.map { $0.fixed(1) } ?? "–") }
        cells += [summary.response?.p50, summary.response?.p90, summary.response?.p99].map(time)
        cells += [summary.firstToken?.p50, summary.firstToken?.p99].map(time)
        cells += [summary.furtherToken?.p50, summary.furtherToken?.p99].map(time)
        cells.append(summary.tokensPerSecond.fixed(0))
        cells += [mean(summary.promptTokens), mean(summary.cachedTokens), mean(summary.answerTokens)]
        return cells
    }
}

extension Double {
    /// With so many decimal places.
    func fixed(_ places: Int) -> String { String(format: "%.\(places)f", self) }
}
