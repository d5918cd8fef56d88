import Declarations
import Diagnostics
import SpannedYAML
import Words

/// A source of rows and the format that they are in.
package struct RowSource: Sendable {
    /// The name of a source or stage.
    package let name: Spanned<String>
    package let format: Spanned<RowFormat>

    enum Definition {
        static let from = Field.words("from", required: true, "Sources of rows.")
        static let format = Field.choice(
            "format", RowFormat.decant, spelled: "that of `data.ingest`", "The format of these rows.")
        static let mapping = MappingDefinition(
            "data.ingest.train", "Sources of rows in a format of their own.", [from, format])
        static let several = ValueType.list(.either([.text, .mapping(mapping)]))
    }
}

extension Fields {
    /// Sources in a list: by name, or with a format of their own; a single one needs no brackets.
    func rowSources(
        _ field: RawField, format: Spanned<RowFormat>, among references: References
    ) -> [RowSource] {
        guard let node = node(field.name) else { return [] }
        let path = fullName(of: field.name)
        var sources: [RowSource] = []
        for element in node.sequence ?? [node] {
            if let entries = element.mapping {
                sources += Fields(
                    RowSource.Definition.mapping, path: path, anchor: element.span, entries: entries, findings: findings
                ).rowSources(format: format, among: references)
            } else if let text = element.scalar?.text, !element.isNull {
                let name = Spanned(text, at: element.span, field: path)
                references.check(name, findings)
                sources.append(RowSource(name: name, format: format))
            } else {
                report(.wrongType(path, wants: "a source or {from: SOURCE, format: FORMAT}", found: element))
            }
        }
        var first: [String: Spanned<String>] = [:]
        return sources.filter { source in
            guard let earlier = first.updateValue(source.name, forKey: source.name.value) else { return true }
            report(.repeated(source.name.value, in: path, at: source.name.span, first: earlier.span))
            return false
        }
    }

    /// The sources of a mapping with `from` and `format`.
    func rowSources(format standard: Spanned<RowFormat>, among references: References) -> [RowSource] {
        let names = self.references(RowSource.Definition.from, among: references)
        let format = written(RowSource.Definition.format) ?? standard
        if names.value.isEmpty {
            report(.missingField("from", in: owner, at: anchor, help: "add 'from: SOURCE', a name under 'sources'"))
        }
        return names.value.map { RowSource(name: $0, format: format) }
    }
}
