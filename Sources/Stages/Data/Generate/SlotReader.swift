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
    /// Where it is named.
    var span: SourceSpan
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
    private static let fields = ["values", "from", "to", "step", "hold_out"]
    private static let valueFields = ["say", "value"]

    static func read(_ entry: Node.Entry, _ findings: inout [Diagnostic]) -> Slot {
        let (name, node) = (entry.name, entry.value)
        guard let fields = node.mapping else {
            return Slot(values: list(name, node, &findings), mayHoldOut: false, span: entry.key.span)
        }
        for field in fields where !Self.fields.contains(field.name) {
            findings.append(.unknown("unknown-field", "field", field.name, known: Self.fields, at: field.key.span))
        }
        var slot = Slot(values: [], mayHoldOut: mayHoldOut(node, &findings), span: entry.key.span)
        if let values = node["values"] {
            for field in fields where ["from", "to", "step"].contains(field.name) {
                findings.report(
                    "conflict", "the slot '\(name)' has both 'values' and '\(field.name)'", at: field.key.span,
                    help: "keep the list or the range")
            }
            slot.values = list(name, values, &findings)
        } else {
            slot.values = range(name, node, &findings)
        }
        if slot.mayHoldOut, slot.values.count == 1 {
            findings.warn(
                "nothing-held-out", "the slot '\(name)' has one value, so that none can be held out", at: entry.key.span,
                help: "add a value, or leave 'hold_out' out")
        }
        return slot
    }

    private static func mayHoldOut(_ node: Node, _ findings: inout [Diagnostic]) -> Bool {
        guard let flag = node["hold_out"] else { return false }
        switch flag.scalar?.text {
        case "true": return true
        case "false": return false
        default:
            findings.append(.expected("true or false", for: "'hold_out'", found: flag, help: "write 'hold_out: true'"))
            return false
        }
    }

    private static func list(_ name: String, _ node: Node, _ findings: inout [Diagnostic]) -> [Slot.Value] {
        guard let items = node.sequence else {
            findings.append(
                .expected(
                    "a list of values", for: "the slot '\(name)'", found: node,
                    help: "write [first, second] or {from: 1, to: 9}"))
            return []
        }
        if items.isEmpty {
            findings.report(
                "empty-list", "the slot '\(name)' has no values", at: node.span,
                help: "write [first, second] or {from: 1, to: 9}")
        }
        let values = items.compactMap { value($0, of: name, &findings) }
        checkSpoken(values, of: name, &findings)
        return values
    }

    private static func value(_ item: Node, of slot: String, _ findings: inout [Diagnostic]) -> Slot.Value? {
        if item.isNull, item.scalar?.text.isEmpty == false {
            findings.append(
                .expected(
                    "a word or {say: …, value: …}", for: "a value of the slot '\(slot)'", found: item,
                    help: "YAML reads this as nothing; put the word in quotes: \"\(item.scalar?.text ?? "")\""))
            return nil
        }
        if let text = item.scalar?.text, !text.isEmpty { return Slot.Value(spoken: text, meaning: text, span: item.span) }
        for field in item.mapping ?? [] where !valueFields.contains(field.name) {
            findings.append(.unknown("unknown-field", "field", field.name, known: valueFields, at: field.key.span))
        }
        if let say = item["say"]?.scalar?.text, let value = item["value"]?.scalar?.text, !say.isEmpty {
            return Slot.Value(spoken: say, meaning: value, span: item.span)
        }
        findings.append(
            .expected("a word or {say: …, value: …}", for: "a value of the slot '\(slot)'", found: item))
        return nil
    }

    /// What is said alike must mean the same.
    private static func checkSpoken(_ values: [Slot.Value], of slot: String, _ findings: inout [Diagnostic]) {
        var exact: [String: Slot.Value] = [:]
        var folded: [String: Slot.Value] = [:]
        for value in values {
            let key = value.spoken.lowercased()
            let first = exact[value.spoken] ?? folded[key]
            exact[value.spoken] = exact[value.spoken] ?? value
            folded[key] = folded[key] ?? value
            guard let first else { continue }
            let secondary = [Diagnostic.Label(first.span, "said here first")]
            let isSame = first.spoken == value.spoken
            if first.meaning != value.meaning, isSame {
                findings.report(
                    "ambiguous-value",
                    "'\(value.spoken)' means '\(first.meaning)' and '\(value.meaning)' in the slot '\(slot)'",
                    at: value.span, secondary: secondary, help: "say one of the two otherwise, or take it out")
            } else if isSame {
                findings.warn(
                    "duplicate-value", "the slot '\(slot)' has '\(value.spoken)' twice", at: value.span, secondary: secondary,
                    help: "keep one of the two")
            } else if first.meaning.lowercased() != value.meaning.lowercased() {
                findings.warn(
                    "ambiguous-value",
                    "'\(first.spoken)' and '\(value.spoken)' differ in case alone, and mean '\(first.meaning)' and "
                        + "'\(value.meaning)'",
                    at: value.span, secondary: secondary, help: "say one of the two otherwise")
            }
        }
    }

    private static func range(_ name: String, _ node: Node, _ findings: inout [Diagnostic]) -> [Slot.Value] {
        let step = node["step"]?.scalar.map { Int($0.text) } ?? 1
        guard let from = node["from"]?.scalar.flatMap({ Int($0.text) }), let to = node["to"]?.scalar.flatMap({ Int($0.text) }),
            let step, step > 0, from <= to, !to.subtractingReportingOverflow(from).overflow, (to - from) / step < mostValues
        else {
            findings.report(
                "bad-range", "the slot '\(name)' is no range of at most \(mostValues) integers", at: node.span,
                help: "write {from: 16, to: 28, step: 1}, 'from' not above 'to' and 'step' above 0")
            return []
        }
        return stride(from: from, through: to, by: step).map { .init(spoken: String($0), meaning: String($0), span: node.span) }
    }
}
