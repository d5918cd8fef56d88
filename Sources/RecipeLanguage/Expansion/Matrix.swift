import Declarations
import Diagnostics
import SpannedYAML

/// A recipe's fields before its sections are read: the matrix's values and the variables go into place here.
struct ExpandedRecipe {
    private let recipe: Fields
    let matrix: Matrix
    private let variables: Variables

    init(_ recipe: Fields) {
        self.recipe = recipe
        variables = Variables(recipe)
        let written = Matrix(reading: recipe)
        matrix =
            written.axes.contains { $0.section == Variables.field.name }
            ? written : written.substituting(variables, recipe.findings)
    }

    private init(_ recipe: Fields, _ matrix: Matrix, _ variables: Variables) {
        (self.recipe, self.matrix, self.variables) = (recipe, matrix, variables)
    }

    /// The recipe as it stands, where the matrix replaces nothing.
    var withoutMatrix: ExpandedRecipe { ExpandedRecipe(recipe, Matrix(axes: []), variables) }

    var firstCombination: [Int] { matrix.axes.map { _ in 0 } }

    /// The axes that decide what a section holds: its own, and those of variables, which any section may use.
    func axes(of section: String) -> [Int] {
        matrix.axes.indices.filter { matrix.axes[$0].section == section || matrix.axes[$0].section == Variables.field.name }
    }

    /// The top level of the recipe with nothing but one section in it, as a combination of the matrix has it.
    func fields(for section: String, _ combination: [Int], _ findings: Findings) -> Fields {
        let varied = matrix.apply(combination, to: recipe.entries.filter { $0.name == section }, section: section)
        let variables = variables.replaced(by: matrix, combination)
        let entries = varied.map { Node.Entry(key: $0.key, value: variables.substitute(in: $0.value, findings)) }
        return Fields(
            RecipeReader.definition, path: "", owner: "the recipe", anchor: recipe.anchor, entries: entries, findings: findings)
    }
}

/// `matrix`: fields that take several values, and every combination of them that is not excluded.
struct Matrix {
    static let exclude = RawField(
        "exclude", .list(.named(.anything)),
        "Combinations that are left out: mappings of axes to values, all of which must match.")
    static let field = RawField(
        "matrix", .named(.either([.list(.anything), .named(.anything)])),
        "Dotted fields, each with a list of values, or with values by names: every combination is a variant. A turn of `prune` "
            + "goes by its number, `prune.2.ratio`. `exclude` lists combinations to leave out.")

    struct Axis {
        /// Dotted.
        var field: String
        var key: Node
        let values: [Node]
        /// What the recipe calls the values; `nil` where they speak for themselves.
        private let names: [String]?
        /// What each value is called: made once, because every variant asks for them.
        let labels: [String]
        let path: [String]

        init(field: String, key: Node, values: [Node], names: [String]?) {
            (self.field, self.key, self.values, self.names) = (field, key, values, names)
            labels = names ?? values.map(\.label)
            path = field.split(separator: ".").map(String.init)
        }

        /// The same axis with its values replaced one by one.
        func mapValues(_ transform: (Node) -> Node) -> Axis {
            Axis(field: field, key: key, values: values.map(transform), names: names)
        }

        /// The field of the top level that it varies.
        var section: String { path.first ?? field }
    }

    /// More combinations than a machine can plan within a breath.
    static let mostVariants = 32_768

    let axes: [Axis]
    /// Every combination, the last axis fastest: an index into each axis.
    let combinations: [[Int]]

    init(axes: [Axis]) { self.init(axes: axes, combinations: Self.product(of: axes)) }

    private init(axes: [Axis], combinations: [[Int]]) { (self.axes, self.combinations) = (axes, combinations) }

    /// Without axes where there is no matrix.
    init(reading recipe: Fields) {
        guard let node = recipe.node("matrix") else {
            self.init(axes: [])
            return
        }
        guard let entries = node.mapping else {
            recipe.report(.wrongType("matrix", wants: "a mapping such as {prune.ratio: [0%, 20%]}", found: node))
            self.init(axes: [])
            return
        }
        var axes: [Axis] = []
        for entry in entries where entry.name != Self.exclude.name {
            guard Self.canVary(entry, recipe), Self.findsItsPlace(entry, recipe), Self.isApart(entry, from: axes, recipe),
                let values = Self.values(of: entry, recipe)
            else { continue }
            axes.append(
                Axis(field: entry.name, key: entry.key, values: values, names: entry.value.mapping?.map(Self.label(of:))))
        }
        let count = axes.reduce(1) { min($0 * $1.values.count, Self.mostVariants + 1) }
        if count > Self.mostVariants {
            recipe.report(
                .matrix, "the matrix has more than \(Self.mostVariants) variants",
                at: recipe.entry("matrix")?.key.span ?? node.span, help: "shorten its lists, or divide the recipe")
            axes = []
        }
        let excluded = entries.first { $0.name == Self.exclude.name }.map { Exclusion.list($0.value, axes: axes, recipe) } ?? []
        let kept = Self.product(of: axes).filter { combination in !excluded.contains { $0.matches(combination) } }
        if kept.isEmpty {
            recipe.report(
                .matrix, "'exclude' leaves no variant", at: recipe.entry("matrix")?.key.span ?? node.span,
                help: "take an exclusion out")
        }
        self.init(axes: axes, combinations: kept)
    }

    /// The same matrix with variables replaced, so that variants are named after values.
    func substituting(_ variables: Variables, _ findings: Findings) -> Matrix {
        let replaced = axes.map { axis in axis.mapValues { variables.substitute(in: $0, findings) } }
        return Matrix(axes: replaced, combinations: combinations)
    }

    private static func product(of axes: [Axis]) -> [[Int]] {
        axes.reduce([[]]) { combinations, axis in
            combinations.flatMap { combination in axis.values.indices.map { combination + [$0] } }
        }
    }

    private static func canVary(_ entry: Node.Entry, _ recipe: Fields) -> Bool {
        let top = entry.name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        if entry.name == "evaluate.constrained" { return true }
        let known = Pipeline.Definition.fields.map(\.definition.name).filter { $0 != "evaluate" } + [Variables.field.name]
        if top.first == "evaluate" {
            recipe.report(
                .matrix, "'evaluate' is the same for all variants", at: entry.key.span,
                help: "one report lays the variants side by side; move the field out of the matrix")
        } else if top.contains("") {
            recipe.report(
                .badName, "'\(Diagnostic.shortened(entry.name))' is not the name of a field", at: entry.key.span,
                help: "join names with single dots: prune.ratio")
        } else if top.count == 1, ["vars", "stages"].contains(entry.name) {
            recipe.report(
                .matrix, "'\(entry.name)' varies one by one", at: entry.key.span, help: "write '\(entry.name).NAME: […]'")
        } else if let first = top.first, known.contains(first) {
            return true
        } else {
            recipe.report(.unknownField(top.first ?? "", in: "the matrix", among: known, at: entry.key.span))
        }
        return false
    }

    /// The elements of a list have numbers and no names.
    private static func findsItsPlace(_ entry: Node.Entry, _ recipe: Fields) -> Bool {
        let names = entry.name.split(separator: ".").map(String.init)
        var node = names.first.flatMap(recipe.node)
        for (depth, name) in names.enumerated().dropFirst() {
            guard let elements = node?.sequence else {
                node = node?[name]
                continue
            }
            guard let place = elements.place(ofNumber: name) else {
                let list = names.prefix(depth).joined(separator: ".")
                recipe.report(
                    .matrix,
                    "'\(list)' is a list of \(elements.count), and none has the number '\(Diagnostic.shortened(name))'",
                    at: entry.key.span, label: "no such number", help: "the first one's fields are '\(list).1.…'")
                return false
            }
            node = elements[place]
        }
        return true
    }

    /// An axis inside another would overwrite it.
    private static func isApart(_ entry: Node.Entry, from axes: [Axis], _ recipe: Fields) -> Bool {
        for axis in axes where entry.name.hasPrefix(axis.field + ".") || axis.field.hasPrefix(entry.name + ".") {
            recipe.report(
                .matrix, "'\(entry.name)' and '\(axis.field)' overlap", at: entry.key.span, label: "overlaps",
                secondary: [.init(axis.key.span, "this axis")], help: "vary one of the two")
            return false
        }
        return true
    }

    private static func values(of entry: Node.Entry, _ recipe: Fields) -> [Node]? {
        guard let values = entry.value.sequence ?? entry.value.mapping?.map(\.value) else {
            recipe.report(
                .wrongType("matrix.\(entry.name)", wants: "a list of values, or values by names", found: entry.value))
            return nil
        }
        if values.isEmpty { recipe.report(.emptyList("matrix.\(entry.name)", at: entry.value.span)) }
        return values.isEmpty ? nil : values
    }

    /// A value's name without spaces, which stages' names do not have.
    private static func label(of value: Node.Entry) -> String {
        value.name.split(whereSeparator: \.isWhitespace).joined(separator: "-")
    }

    func choices(of combination: [Int]) -> [Recipe.Variant.Choice] {
        zip(axes, combination).map { axis, index in .init(field: axis.field, label: axis.labels[index], index: index) }
    }

    /// A section's entry with the combination's values in place.
    func apply(_ combination: [Int], to entries: [Node.Entry], section: String) -> [Node.Entry] {
        zip(axes, combination).reduce(entries) { entries, choice in
            let (axis, index) = choice
            guard axis.section == section else { return entries }
            return entries.replacing(axis.path[...], with: axis.values[index], key: axis.key)
        }
    }
}

/// One entry of `exclude`: values of some axes, all of which a combination must have to be left out.
private struct Exclusion {
    /// Indices of an axis and of its values.
    var conditions: [(axis: Int, values: [Int])]

    func matches(_ combination: [Int]) -> Bool { conditions.allSatisfy { $0.values.contains(combination[$0.axis]) } }

    static func list(_ node: Node, axes: [Matrix.Axis], _ recipe: Fields) -> [Exclusion] {
        (node.sequence ?? [node]).compactMap { element in
            guard let entries = element.mapping, !entries.isEmpty else {
                recipe.report(.wrongType("matrix.exclude", wants: "a list of mappings of axes to values", found: element))
                return nil
            }
            let conditions = entries.compactMap { condition($0, axes: axes, recipe) }
            return conditions.count == entries.count ? Exclusion(conditions: conditions) : nil
        }
    }

    private static func condition(
        _ entry: Node.Entry, axes: [Matrix.Axis], _ recipe: Fields
    ) -> (axis: Int, values: [Int])? {
        guard let axis = axes.firstIndex(where: { $0.field == entry.name }) else {
            recipe.report(
                .unknown(
                    .matrix, "'\(Diagnostic.shortened(entry.name))' is no axis of the matrix", entry.name,
                    among: axes.map(\.field), at: entry.key.span))
            return nil
        }
        let labels = axes[axis].labels
        let wanted = entry.value.label
        let values = labels.indices.filter { Self.isSame(labels[$0], wanted) }
        if values.isEmpty {
            recipe.report(
                .matrix, "the axis '\(entry.name)' has no value '\(Diagnostic.shortened(wanted))'", at: entry.value.span,
                label: "unknown", help: "it has: \(labels.prefix(20).joined(separator: ", "))")
            return nil
        }
        return (axis, values)
    }

    /// `20%` and `0.2` are the same value.
    private static func isSame(_ left: String, _ right: String) -> Bool {
        left == right || Quantity.number(left).map { $0 == Quantity.number(right) } == true
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
