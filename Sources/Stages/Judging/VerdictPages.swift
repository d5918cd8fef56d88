import CanonicalJSON

/// What a judge was asked, what it said and why, a page at a time.
package struct VerdictPages: Sendable {
    /// Where stages keep it.
    package static let file = JudgeVerdicts.transcriptFile
    package static let length = 10

    /// Each with the stage that judged.
    private let verdicts: [(stage: String, line: JSON)]

    /// - Parameter stages: names, and what their files hold.
    package init(_ stages: [(name: String, lines: [JSON])]) {
        verdicts = stages.flatMap { stage in stage.lines.map { (stage.name, $0) } }
    }

    package var isEmpty: Bool { verdicts.isEmpty }
    package var count: Int { (verdicts.count + Self.length - 1) / Self.length }

    /// The places of a page's verdicts; none for a page that there is not.
    private func places(on page: Int) -> Range<Int> {
        guard page >= 1, page <= count else { return 0..<0 }
        let start = (page - 1) * Self.length
        return start..<min(start + Self.length, verdicts.count)
    }

    package func json(page: Int) -> JSON {
        [
            "page": .count(page), "pages": .count(count),
            "verdicts": .array(
                verdicts[places(on: page)].map { stage, line -> JSON in
                    .object((line.object ?? [:]).merging(["stage": .string(stage)]) { own, _ in own })
                }),
        ]
    }

    package func text(page: Int) -> String {
        let parts = places(on: page).map { place in
            let (stage, line) = verdicts[place]
            return Self.text(of: line, heading: "\(place + 1) of \(verdicts.count)  \(stage)")
        }
        return (parts + ["page \(page) of \(count)"]).joined(separator: "\n\n")
    }

    private static func text(of line: JSON, heading: String) -> String {
        var head = "\(heading)  \(line["id"]?.string ?? ""): \(line["verdict"]?.string ?? "not understood")"
        if let ast = line["ast"]?.bool { head += " (ast: \(ast ? "yes" : "no"))" }
        if let grade = line["grade"]?.double { head += ", grade \(Metric.Format.decimal(grade, places: 1))" }
        var parts = [head]
        if let response = line["response"]?.string { parts.append(indented("answer: " + response)) }
        if let reason = line["reason"]?.string { parts.append(indented("reason: " + reason)) }
        parts += said(line).map(indented)
        return parts.joined(separator: "\n")
    }

    /// The rationale of each vote; the reply where it has none.
    private static func said(_ line: JSON) -> [String] {
        (line["votes"]?.array ?? [line]).compactMap { vote in vote["rationale"]?.string ?? vote["reply"]?.string }
    }

    private static func indented(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { "    " + $0 }.joined(separator: "\n")
    }
}
