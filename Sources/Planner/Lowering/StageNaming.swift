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
    /// By axis and value: `group_size=32`.
    private let qualifiers: [[String]]
    /// Axes whose values repeat the same recipe: fields called `seed`.
    private let seeds: Set<Int>
    /// Axes whose values make models smaller, each in its way: fields of `prune` and `quantize`.
    private let compressions: Set<Int>

    init(variants: [Recipe.Variant]) {
        self.variants = variants
        let fields = variants.first?.choices.map(\.field) ?? []
        var labels = fields.map { _ in [String]() }
        for variant in variants {
            for (axis, choice) in variant.choices.enumerated() {
                while labels[axis].count <= choice.index { labels[axis].append("") }
                if labels[axis][choice.index].isEmpty { labels[axis][choice.index] = choice.label }
            }
        }
        seeds = Set(fields.indices.filter { fields[$0].split(separator: ".").last == "seed" })
        compressions = Set(fields.indices.filter { Self.isOfCompression(fields[$0]) }).subtracting(seeds)
        qualifiers = zip(fields, labels).map { field, labels in
            let short = Self.shortField(field, among: fields)
            return labels.map { label in short.map { "\($0)=\(label)" } ?? label }
        }
    }

    /// The stages' names, and where seeds vary those that leave them out: stages that are one but for their seeds have one
    /// such name, and of the same seeds no two have.
    func names(of drafts: [GraphBuilder.Draft]) -> (full: [String], overSeeds: [String]?) {
        let groups = Self.groups(of: drafts)
        var taken: Set<String> = []
        taken.reserveCapacity(drafts.count)
        let full = joined(drafts, suffixes(of: drafts, in: groups, by: { $0 })) { name, _ in
            Self.unique(name, among: &taken, separator: "#")
        }
        guard repeats else { return (full, nil) }
        let seeds = seeds.sorted()
        var takenOfSeeds: [[Int]: Set<String>] = [:]
        let withoutSeeds = suffixes(of: drafts, in: groups, by: { $0.filter { !seeds.contains($0) } })
        let overSeeds = joined(drafts, withoutSeeds) { name, draft in
            Self.unique(name, among: &takenOfSeeds[seeds.map { draft.choices[$0] }, default: []], separator: "#")
        }
        return (full, overSeeds)
    }

    /// Whether variants differ in seeds.
    private var repeats: Bool { seeds.contains { qualifiers[$0].count > 1 } }

    /// Whether variants differ in how models are made smaller.
    var compresses: Bool { compressions.contains { qualifiers[$0].count > 1 } }

    /// The stages' own words, with the values of the axes that tell those of one title apart.
    private func suffixes(
        of drafts: [GraphBuilder.Draft], in groups: [[Int]], by chosen: ([Int]) -> [Int]
    ) -> [String] {
        var suffixes = drafts.map(\.title.suffix)
        for group in groups {
            let axes = chosen(axesTelling(apart: group.map { drafts[$0].choices }))
            for index in group { suffixes[index] += qualifier(of: drafts[index].choices, by: axes) }
        }
        return suffixes
    }

    /// Stages that have their title in common with others.
    private static func groups(of drafts: [GraphBuilder.Draft]) -> [[Int]] {
        var first: [StageTitle: Int] = [:]
        var groups: [Int: [Int]] = [:]
        first.reserveCapacity(drafts.count)
        for (index, draft) in drafts.enumerated() {
            if let first = first[draft.title] {
                groups[first, default: [first]].append(index)
            } else {
                first[draft.title] = index
            }
        }
        return Array(groups.values)
    }

    /// Each name after the one of the stage that it continues.
    private func joined(
        _ drafts: [GraphBuilder.Draft], _ suffixes: [String], finished: (String, GraphBuilder.Draft) -> String
    ) -> [String] {
        var names: [String] = []
        names.reserveCapacity(drafts.count)
        for (draft, suffix) in zip(drafts, suffixes) {
            let parent = draft.title.parent.map { names[$0.index] } ?? ""
            names.append(finished(parent + suffix, draft))
        }
        return names
    }

    /// Axes with one value per stage that is not the same for all stages.
    private func axesTelling(apart choices: [[Int]]) -> [Int] {
        qualifiers.indices.filter { axis in
            guard let first = choices.first?[axis] else { return false }
            return choices.allSatisfy { $0[axis] >= 0 } && choices.contains { $0[axis] != first }
        }
    }

    private func qualifier(of choices: [Int], by axes: [Int]) -> String {
        guard !axes.isEmpty else { return "" }
        return "[" + axes.map { qualifiers[$0][choices[$0]] }.joined(separator: ",") + "]"
    }

    private static func isOfCompression(_ field: String) -> Bool {
        let section = field.prefix { $0 != "." }
        return section == "prune" || section == "quantize"
    }

    /// A nested field's last word, or all of it where another axis ends alike; `nil` for a field of the top level.
    private static func shortField(_ field: String, among fields: [String]) -> String? {
        guard let last = field.split(separator: ".").last, last.count < field.count else { return nil }
        return fields.filter { $0.hasSuffix(".\(last)") }.count == 1 ? String(last) : field
    }

    /// Names of the variants, fit for directories: the values of the axes that have several, `model` without such axes.
    func targetNames(reserved: Set<String>) -> [String] {
        var taken = reserved
        let axes =
            variants.first?.choices.indices.filter { axis in
                variants.contains { $0.choices[axis].index != variants[0].choices[axis].index }
            } ?? []
        return variants.map { variant in
            let labels = axes.map { Self.directoryName(variant.choices[$0].label) }
            return Self.unique(labels.isEmpty ? "model" : labels.joined(separator: "_"), among: &taken, separator: "-")
        }
    }

    /// Letters, digits, `.`, `_` and `+` stay, `%` becomes `pct`, all else one `-`.
    static func directoryName(_ label: String) -> String {
        var name: [UInt8] = []
        for byte in label.utf8 {
            switch byte {
            case UInt8(ascii: "%"): name += Array("pct".utf8)
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "+"):
                name.append(byte)
            default: if let last = name.last, last != UInt8(ascii: "-") { name.append(UInt8(ascii: "-")) }
            }
        }
        let edge = Array("-.".utf8)
        let trimmed = name.drop(while: edge.contains).reversed().drop(while: edge.contains).reversed()
        return trimmed.isEmpty ? "variant" : String(decoding: trimmed.prefix(80), as: UTF8.self)
    }

    private static func unique(_ name: String, among taken: inout Set<String>, separator: String) -> String {
        if taken.insert(name).inserted { return name }
        var number = 2
        while !taken.insert("\(name)\(separator)\(number)").inserted { number += 1 }
        return "\(name)\(separator)\(number)"
    }
}
