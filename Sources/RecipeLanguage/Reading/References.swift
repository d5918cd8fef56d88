import Declarations
import Diagnostics
import Kinds

/// What fields may refer to: sources, the recipe's own stages, and the kinds of these.
struct References: Sendable {
    let names: Set<String>
    /// What stages of the recipe's own may be.
    let kinds: KindCatalogue

    init(sources: [Source], stages: [String], kinds: KindCatalogue) {
        names = Set(sources.map(\.name.value) + stages)
        self.kinds = kinds
    }

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
