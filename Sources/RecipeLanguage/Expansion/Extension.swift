import Declarations
import Diagnostics
import SpannedYAML

/// `extends`: the fields of another recipe, below those of this one.
struct Extension {
    static let field = Field.text(
        "extends", "Another recipe, relative to this file; its fields hold wherever this file has no other, mapping by mapping."
    )
    /// More than a person can follow.
    private static let mostBases = 16
    /// What each file says for itself.
    private static let own = ["decant", "name", "description", "extends"]

    let loader: RecipeReader.Loader
    let findings: Findings
    /// The files that were read, the nearest first.
    private(set) var bases: [SourceText] = []
    /// Whether a recipe that is extended could not be read: what it would have said is not missing then.
    private(set) var isIncomplete = false

    init(loader: @escaping RecipeReader.Loader, findings: Findings) { (self.loader, self.findings) = (loader, findings) }

    /// The recipe's fields over those of all that it extends.
    mutating func merge(_ entries: [Node.Entry], of source: SourceText) -> [Node.Entry] {
        merge(entries, of: source, path: [])
    }

    private mutating func merge(
        _ entries: [Node.Entry], of source: SourceText, path: [(file: String, place: SourceSpan)]
    ) -> [Node.Entry] {
        guard let node = entries.first(where: { $0.name == Self.field.name })?.value, !node.isNull else { return entries }
        guard let name = node.scalar?.text, !name.isEmpty else {
            findings.report(.wrongType("extends", wants: "the path of a recipe", found: node))
            isIncomplete = true
            return entries
        }
        let path = path + [(source.path, node.span)]
        guard let base = load(name, at: node.span, from: source, path: path) else {
            isIncomplete = true
            return entries
        }
        let (root, problems) = YAMLParser.parse(base, limits: RecipeReader.limits)
        for problem in problems { findings.report(problem) }
        guard let root, let inherited = root.mapping else {
            isIncomplete = true
            guard let root else { return entries }
            findings.report(
                .wrongType, "a recipe is a mapping of fields, not \(root.describedKind)", at: root.span,
                secondary: [.init(node.span, "extended here")], help: "start with 'decant: 1'")
            return entries
        }
        bases.append(base)
        let below = merge(inherited, of: base, path: path).filter { !Self.own.contains($0.name) }
        return Self.merge(entries, over: below)
    }

    private func load(
        _ name: String, at span: SourceSpan, from source: SourceText, path: [(file: String, place: SourceSpan)]
    ) -> SourceText? {
        guard let base = loader(name, source) else {
            findings.report(
                .missingFile, "the recipe '\(Diagnostic.shortened(name))' cannot be read", at: span, label: "no such file",
                help: "paths start at the folder of the file that names them")
            return nil
        }
        if let first = path.firstIndex(where: { $0.file == base.path }) {
            findings.report(
                .extendsCycle, "the recipe extends itself", at: span, label: "back to '\(base.path)'",
                secondary: path[first...].map(\.place).filter { $0 != span }.map { .init($0) }, help: "break the circle")
            return nil
        }
        if path.count > Self.mostBases {
            findings.report(
                .extendsCycle, "more than \(Self.mostBases) recipes extend each other", at: span, help: "leave some out")
            return nil
        }
        return base
    }

    /// Mappings are merged field by field; of anything else the upper value holds. A null takes a field away.
    private static func merge(_ upper: [Node.Entry], over lower: [Node.Entry]) -> [Node.Entry] {
        var merged = lower
        for entry in upper {
            guard let index = merged.firstIndex(where: { $0.name == entry.name }) else {
                merged.append(entry)
                continue
            }
            merged[index].key = entry.key
            merged[index].value = merge(entry, over: merged[index].value)
        }
        return merged
    }

    private static func merge(_ entry: Node.Entry, over lower: Node) -> Node {
        guard let new = entry.value.mapping, let old = lower.mapping else { return entry.value }
        let merged = entry.name == Matrix.field.name ? replace(old, by: new) : merge(new, over: old)
        return Node(.mapping(merged), at: entry.value.span)
    }

    /// The axes of a matrix are wholes: values by names do not join those of the other recipe. A null takes an axis away.
    private static func replace(_ lower: [Node.Entry], by upper: [Node.Entry]) -> [Node.Entry] {
        lower.compactMap { axis in
            guard let new = upper.first(where: { $0.name == axis.name }) else { return axis }
            return new.value.isNull ? nil : new
        }
            + upper.filter { axis in !lower.contains { $0.name == axis.name } }
    }
}
