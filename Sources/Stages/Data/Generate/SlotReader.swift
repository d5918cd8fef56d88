import Diagnostics
import SpannedYAML

/// A named list of values that templates draw from.
struct Slot: Sendable {
    struct Value: Sendable {
        var spoken: String
        /// As written; an argument's type decides what it is.
        var meaning: String
        var span: SourceSpan
    }

    var values: [Value]
    var mayHoldOut: Bool
}

/// Reads a slot: a list, an integer range, or `{values: …, hold_out: true}` around either.
///
/// ```yaml
/// room: [kitchen, {say: lounge, value: living room}]
/// degrees: {from: 16, to: 28, step: 1, hold_out: true}
/// time: {values: ["6:30", "7:00"], hold_out: true}
/// ```
enum SlotReader {
    private static let mostValues = 10_000

    static func read(_ name: String, _ node: Node, _ findings: inout [Diagnostic]) -> Slot {
        guard let fields = node.mapping else {
            return Slot(values: list(name, node, &findings), mayHoldOut: false)
        }
        let known = ["values", "from", "to", "step", "hold_out"]
        for entry in fields where !known.contains(entry.name) {
            findings.append(.unknown("unknown-field", "field", entry.name, known: known, at: entry.key.span))
        }
        let mayHoldOut = node["hold_out"]?.scalar?.text == "true"
        if let values = node["values"] { return Slot(values: list(name, values, &findings), mayHoldOut: mayHoldOut) }
        return Slot(values: range(name, node, &findings), mayHoldOut: mayHoldOut)
    }

    private static func list(_ name: String, _ node: Node, _ findings: inout [Diagnostic]) -> [Slot.Value] {
        guard let items = node.sequence, !items.isEmpty else {
            findings.append(
                .expected(
                    "a list of values", for: "the slot '\(name)'", found: node,
                    help: "write [first, second] or {from: 1, to: 9}"))
            return []
        }
        return items.compactMap { item in
            if let text = item.scalar?.text, !text.isEmpty { return Slot.Value(spoken: text, meaning: text, span: item.span) }
            if let say = item["say"]?.scalar?.text, let value = item["value"]?.scalar?.text, !say.isEmpty {
                return Slot.Value(spoken: say, meaning: value, span: item.span)
            }
            findings.append(
                .expected(
                    "a word or {say: …, value: …}", for: "a value of the slot '\(name)'", found: item))
            return nil
        }
    }

    private static func range(_ name: String, _ node: Node, _ findings: inout [Diagnostic]) -> [Slot.Value] {
        let step = node["step"]?.scalar.map { Int($0.text) } ?? 1
        guard let from = node["from"]?.scalar.flatMap({ Int($0.text) }), let to = node["to"]?.scalar.flatMap({ Int($0.text) }),
            let step, step > 0, from <= to, !to.subtractingReportingOverflow(from).overflow, (to - from) / step < mostValues
        else {
            findings.append(
                Diagnostic(
                    code: "bad-range", "the slot '\(name)' is no range of at most \(mostValues) integers", at: node.span,
                    help: "write {from: 16, to: 28, step: 1}, 'from' not above 'to' and 'step' above 0"))
            return []
        }
        return stride(from: from, through: to, by: step).map { .init(spoken: String($0), meaning: String($0), span: node.span) }
    }
}
