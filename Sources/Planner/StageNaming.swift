import BuildModel
import RecipeLanguage

/// What a stage's name is made of: the name of the stage that it continues, and a word of its own.
struct StageTitle: Hashable {
    var parent: StageID?
    var suffix: String

    static func named(_ name: String) -> StageTitle { StageTitle(parent: nil, suffix: name) }
    static func after(_ parent: StageID, _ suffix: String) -> StageTitle { StageTitle(parent: parent, suffix: suffix) }
}

/// Gives stages unique names. Stages of one title are told apart by the values of the matrix axes that they depend on:
/// `student.kd.W4A16[group_size=32]`.
struct StageNaming {
    private let variants: [Recipe.Variant]

    init(variants: [Recipe.Variant]) { self.variants = variants }

    func names(of drafts: [GraphBuilder.Draft]) -> [String] {
        let groups = Dictionary(grouping: drafts.indices) { drafts[$0].title }
        var qualifiers = [String](repeating: "", count: drafts.count)
        for group in groups.values where group.count > 1 {
            let telling = axesTelling(apart: group.map { drafts[$0] })
            for index in group { qualifiers[index] = qualifier(of: drafts[index], by: telling) }
        }
        var names: [String] = []
        var taken: Set<String> = []
        for (draft, qualifier) in zip(drafts, qualifiers) {
            let parent = draft.title.parent.map { names[$0.index] } ?? ""
            let name = unique(parent + draft.title.suffix + qualifier, among: taken, separator: "#")
            taken.insert(name)
            names.append(name)
        }
        return names
    }

    /// Axes with one value per stage that is not the same for all stages.
    private func axesTelling(apart drafts: [GraphBuilder.Draft]) -> [Int] {
        guard let axes = variants.first?.choices.indices else { return [] }
        return axes.filter { axis in
            let labels = drafts.map { draft in Set(draft.variants.map { variants[$0].choices[axis].label }) }
            return labels.allSatisfy { $0.count == 1 } && Set(labels).count > 1
        }
    }

    private func qualifier(of draft: GraphBuilder.Draft, by axes: [Int]) -> String {
        guard let variant = draft.variants.first, !axes.isEmpty else { return "" }
        let choices = variants[variant].choices
        let parts = axes.map { axis in
            let field = shortField(choices[axis].field, among: choices.map(\.field))
            return field.map { "\($0)=\(choices[axis].label)" } ?? choices[axis].label
        }
        return "[\(parts.joined(separator: ","))]"
    }

    /// A nested field's last word, or all of it where another axis ends alike; `nil` for a field of the top level.
    private func shortField(_ field: String, among fields: [String]) -> String? {
        guard let last = field.split(separator: ".").last, last.count < field.count else { return nil }
        return fields.filter { $0.hasSuffix(".\(last)") }.count == 1 ? String(last) : field
    }

    /// Names of the variants, fit for directories: the values of the axes that have several, `model` without such axes.
    func targetNames(reserved: Set<String>) -> [String] {
        var taken = reserved
        let axes = variants.first?.choices.indices.filter { axis in Set(variants.map { $0.choices[axis].label }).count > 1 } ?? []
        return variants.map { variant in
            let labels = axes.map { Self.directoryName(variant.choices[$0].label) }
            let name = unique(labels.isEmpty ? "model" : labels.joined(separator: "_"), among: taken, separator: "-")
            taken.insert(name)
            return name
        }
    }

    /// Letters, digits, `.`, `_` and `+` stay, `%` becomes `pct`, all else one `-`.
    static func directoryName(_ label: String) -> String {
        var name = ""
        for scalar in label.replacing("%", with: "pct").unicodeScalars {
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", ".", "_", "+": name.unicodeScalars.append(scalar)
            default: if !name.isEmpty, !name.hasSuffix("-") { name += "-" }
            }
        }
        while let last = name.last, "-.".contains(last) { name.removeLast() }
        while let first = name.first, "-.".contains(first) { name.removeFirst() }
        return name.isEmpty ? "variant" : String(name.prefix(80))
    }

    private func unique(_ name: String, among taken: Set<String>, separator: String) -> String {
        guard taken.contains(name) else { return name }
        var number = 2
        while taken.contains("\(name)\(separator)\(number)") { number += 1 }
        return "\(name)\(separator)\(number)"
    }
}
