import Diagnostics
import SpannedYAML

/// `matrix`: fields that take several values, and every combination of them.
struct Matrix {
    struct Axis {
        /// Dotted.
        var field: String
        var key: Node
        var values: [Node]
    }

    /// More combinations than a person can mean.
    static let mostVariants = 256

    let axes: [Axis]

    /// Without axes where there is no matrix.
    init(reading recipe: Fields) {
        guard let node = recipe.node("matrix") else {
            axes = []
            return
        }
        guard let entries = node.mapping else {
            recipe.report(.wrongType("matrix", wants: "a mapping such as {prune.ratio: [0%, 20%]}", found: node))
            axes = []
            return
        }
        var axes: [Axis] = []
        for entry in entries {
            guard Self.canVary(entry, recipe), Self.isApart(entry, from: axes, recipe),
                let values = Self.values(of: entry, recipe)
            else { continue }
            axes.append(Axis(field: entry.name, key: entry.key, values: values))
        }
        let count = axes.reduce(1) { min($0 * $1.values.count, Self.mostVariants + 1) }
        if count > Self.mostVariants {
            recipe.report(
                Diagnostic(
                    code: "matrix", "the matrix has more than \(Self.mostVariants) variants",
                    at: recipe.entry("matrix")?.key.span ?? node.span,
                    help: "shorten its lists, or divide the recipe"))
            axes = []
        }
        self.axes = axes
    }

    private static func canVary(_ entry: Node.Entry, _ recipe: Fields) -> Bool {
        let top = entry.name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        let known = Pipeline.fields.filter { $0 != "evaluate" }
        if top.first == "evaluate" {
            recipe.report(
                Diagnostic(
                    code: "matrix", "'evaluate' is the same for all variants", at: entry.key.span,
                    help: "one report lays the variants side by side; move the field out of the matrix"))
        } else if top.contains("") {
            recipe.report(
                Diagnostic(
                    code: "bad-name", "'\(Diagnostic.shortened(entry.name))' is not the name of a field", at: entry.key.span,
                    help: "join names with single dots: prune.ratio"))
        } else if let first = top.first, known.contains(first) {
            return true
        } else {
            recipe.report(.unknownField(top.first ?? "", in: "the matrix", among: known, at: entry.key.span))
        }
        return false
    }

    /// An axis inside another would overwrite it.
    private static func isApart(_ entry: Node.Entry, from axes: [Axis], _ recipe: Fields) -> Bool {
        for axis in axes where entry.name.hasPrefix(axis.field + ".") || axis.field.hasPrefix(entry.name + ".") {
            recipe.report(
                Diagnostic(
                    code: "matrix", "'\(entry.name)' and '\(axis.field)' overlap", at: entry.key.span, label: "overlaps",
                    secondary: [.init(axis.key.span, "this axis")], help: "vary one of the two"))
            return false
        }
        return true
    }

    private static func values(of entry: Node.Entry, _ recipe: Fields) -> [Node]? {
        guard let values = entry.value.sequence else {
            recipe.report(.wrongType("matrix.\(entry.name)", wants: "a list of values", found: entry.value))
            return nil
        }
        if values.isEmpty { recipe.report(.emptyList("matrix.\(entry.name)", at: entry.value.span)) }
        return values.isEmpty ? nil : values
    }

    /// Every combination, the last axis fastest: an index into each axis.
    var combinations: [[Int]] {
        axes.reduce([[]]) { combinations, axis in
            combinations.flatMap { combination in axis.values.indices.map { combination + [$0] } }
        }
    }

    func choices(of combination: [Int]) -> [Recipe.Variant.Choice] {
        zip(axes, combination).map { axis, index in .init(field: axis.field, label: axis.values[index].label) }
    }

    /// The recipe's fields with the combination's values in place.
    func apply(_ combination: [Int], to entries: [Node.Entry]) -> [Node.Entry] {
        zip(axes, combination).reduce(entries) { entries, choice in
            let (axis, index) = choice
            return replace(
                axis.field.split(separator: ".").map(String.init)[...], in: entries, with: axis.values[index], key: axis.key)
        }
    }

    private func replace(_ path: ArraySlice<String>, in entries: [Node.Entry], with value: Node, key: Node) -> [Node.Entry] {
        guard let name = path.first else { return entries }
        var entries = entries
        let index = entries.firstIndex { $0.name == name }
        var new = value
        if path.count > 1 {
            let inner = index.flatMap { entries[$0].value.mapping } ?? []
            new = Node(.mapping(replace(path.dropFirst(), in: inner, with: value, key: key)), at: key.span)
        }
        if let index, path.count > 1 {
            entries[index].value = new
        } else {
            let named = Node(.scalar(.init(text: name, style: .plain)), at: key.span)
            entries.removeAll { $0.name == name }
            entries.append(Node.Entry(key: named, value: new))
        }
        return entries
    }
}

extension Node {
    /// The value in few words: `20%`, `hidden=128,layers=3`.
    fileprivate var label: String {
        switch content {
        case .scalar(let scalar): isNull ? "none" : scalar.text.filter { !$0.isWhitespace }
        case .sequence(let elements): elements.map(\.label).joined(separator: ",")
        case .mapping(let entries): entries.map { "\($0.name)=\($0.value.label)" }.joined(separator: ",")
        }
    }
}
