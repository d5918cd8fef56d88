import Diagnostics

/// The names that fields may refer to: sources and the recipe's own stages.
struct References: Sendable {
    let names: Set<String>

    init(sources: [Source], stages: [String]) { names = Set(sources.map(\.name.value) + stages) }

    func check(_ reference: Spanned<String>, _ findings: Findings) {
        if !names.contains(reference.value) {
            findings.report(.unknownSource(reference.value, among: names.sorted(), at: reference.span))
        }
    }
}

extension Fields {
    /// The name of a source or stage where the field is written; it must exist.
    func reference(_ field: Field<String>, among references: References) -> Spanned<String>? {
        guard let reference = written(field) else { return nil }
        references.check(reference, findings)
        return reference
    }

    /// The name of a source or stage, which must be given.
    func requiredReference(_ field: Field<String>, among references: References) -> Spanned<String> {
        if let reference = reference(field, among: references) { return reference }
        if node(field.name) == nil, !entries.isEmpty || entry(field.name) != nil {
            report(
                .missingField(field.name, in: owner, at: anchor, help: "add '\(field.name): SOURCE', a name under 'sources'"))
        }
        return standard(field.name, "")
    }

    func references(_ field: Field<[Spanned<String>]>, among references: References) -> Spanned<[Spanned<String>]> {
        let found = self[field]
        for reference in found.value { references.check(reference, findings) }
        return found
    }
}
