import Declarations
import Diagnostics
import SpannedYAML

/// `vars`: values with a name, used as `${name}`.
struct Variables {
    static let field = RawField(
        "vars", .named(.anything), "Values with a name. `${NAME}` stands for one anywhere; `$${` is a plain `${`.")

    /// A recipe that grows beyond this many values means no good.
    private static let mostNodes = 200_000

    private var entries: [Node.Entry]

    init(_ recipe: Fields) {
        entries = []
        guard let node = recipe.node("vars") else { return }
        guard let written = node.mapping else {
            recipe.report(.wrongType("vars", wants: "a mapping such as {rows: 6k}", found: node))
            return
        }
        for entry in written where !entry.name.isPlainName {
            recipe.report(
                .badName, "'\(Diagnostic.shortened(entry.name))' cannot name a variable", at: entry.key.span,
                help: "use letters, digits, '-' and '_'")
        }
        entries = written
        // Variables that nothing uses must be sound as well.
        for entry in written { _ = substitute(in: entry.value, recipe.findings, path: [entry]) }
    }

    /// The variables with the values that a combination of the matrix gives them.
    func replaced(by matrix: Matrix, _ combination: [Int]) -> Variables {
        guard matrix.axes.contains(where: { $0.section == Self.field.name }) else { return self }
        let node = Node(.mapping(entries), at: entries.first?.key.span ?? matrix.axes[0].key.span)
        let key = Node(.scalar(.init(text: Self.field.name, style: .plain)), at: node.span)
        let varied = matrix.apply(combination, to: [Node.Entry(key: key, value: node)], section: Self.field.name)
        var variables = self
        variables.entries = varied.first?.value.mapping ?? entries
        return variables
    }

    /// The value with every `${name}` replaced. A text that is nothing but a variable becomes its value, whatever it is.
    func substitute(in node: Node, _ findings: Findings) -> Node { substitute(in: node, findings, path: []) }

    private func substitute(in node: Node, _ findings: Findings, path: [Node.Entry]) -> Node {
        var budget = Self.mostNodes
        let result = substitute(in: node, findings, path: path, &budget)
        if budget < 0 {
            findings.report(
                .variableCycle, "variables make this value larger than \(Self.mostNodes) parts", at: node.span,
                help: "use fewer variables within variables")
        }
        return result
    }

    private func substitute(in node: Node, _ findings: Findings, path: [Node.Entry], _ budget: inout Int) -> Node {
        budget -= 1
        guard budget >= 0 else { return Node(.scalar(.init(text: "", style: .plain)), at: node.span) }
        switch node.content {
        case .sequence(let elements):
            return Node(.sequence(elements.map { substitute(in: $0, findings, path: path, &budget) }), at: node.span)
        case .mapping(let entries):
            let replaced = entries.map {
                Node.Entry(key: $0.key, value: substitute(in: $0.value, findings, path: path, &budget))
            }
            return Node(.mapping(replaced), at: node.span)
        case .scalar(let scalar):
            guard scalar.text.utf8.contains(UInt8(ascii: "$")), scalar.text.contains("${") else { return node }
            return substitute(in: scalar, node, findings, path: path, &budget)
        }
    }

    private func substitute(
        in scalar: Node.Scalar, _ node: Node, _ findings: Findings, path: [Node.Entry], _ budget: inout Int
    ) -> Node {
        // What cannot be replaced counts as left out: one finding is enough.
        let nothing = Node(.scalar(.init(text: "", style: .plain)), at: node.span)
        guard let parts = VariableText.parts(of: scalar.text) else {
            findings.report(
                .variableSyntax, "'${' has no '}' with a name between", at: node.span,
                help: "write ${NAME}, or $${ for a plain ${")
            return nothing
        }
        if parts.count == 1, case .variable(let name, let range) = parts[0] {
            return value(of: name, at: node.span(ofText: range), findings, path: path, &budget) ?? nothing
        }
        var text = ""
        for part in parts {
            switch part {
            case .plain(let plain): text += plain
            case .variable(let name, let range):
                let span = node.span(ofText: range)
                guard let value = value(of: name, at: span, findings, path: path, &budget) else { return nothing }
                guard let inner = value.scalar?.text else {
                    findings.report(
                        .variableInText, "'${\(name)}' is \(value.describedKind), and cannot stand inside a text", at: span,
                        secondary: [.init(value.span, "its value")], help: "let it stand alone, or name a single value")
                    return nothing
                }
                text += inner
                budget -= inner.utf8.count / 16
                guard budget >= 0 else { return node }
            }
        }
        return Node(.scalar(.init(text: text, style: scalar.style)), at: node.span)
    }

    private func value(
        of name: String, at span: SourceSpan, _ findings: Findings, path: [Node.Entry], _ budget: inout Int
    ) -> Node? {
        guard let entry = entries.first(where: { $0.name == name }) else {
            findings.report(
                .unknown(
                    .unknownVariable, "there is no variable '\(Diagnostic.shortened(name))'", name, among: entries.map(\.name),
                    at: span))
            return nil
        }
        if let first = path.firstIndex(where: { $0.name == name }) {
            findings.report(
                .variableCycle, "the variable '\(name)' is made of itself", at: span,
                secondary: path[first...].map { .init($0.key.span) }, help: "break the circle")
            return nil
        }
        return substitute(in: entry.value, findings, path: path + [entry], &budget)
    }
}

/// A text taken apart at its variables.
enum VariableText {
    enum Part {
        case plain(String)
        /// The range of bytes holds `${name}`.
        case variable(String, Range<Int>)
    }

    /// `nil` where a `${` has no end.
    static func parts(of text: String) -> [Part]? {
        let bytes = Array(text.utf8)
        var parts: [Part] = []
        var plain: [UInt8] = []
        var position = 0
        func starts(_ word: String, at place: Int) -> Bool { bytes[place...].starts(with: word.utf8) }
        while position < bytes.count {
            if starts("$${", at: position) {
                plain += Array("${".utf8)
                position += 3
            } else if starts("${", at: position) {
                guard let end = bytes[position...].firstIndex(of: UInt8(ascii: "}")), end > position + 2 else { return nil }
                if !plain.isEmpty { parts.append(.plain(String(decoding: plain, as: UTF8.self))) }
                plain = []
                parts.append(.variable(String(decoding: bytes[position + 2..<end], as: UTF8.self), position..<end + 1))
                position = end + 1
            } else {
                plain.append(bytes[position])
                position += 1
            }
        }
        if !plain.isEmpty { parts.append(.plain(String(decoding: plain, as: UTF8.self))) }
        return parts
    }
}
