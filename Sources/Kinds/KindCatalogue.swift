import CanonicalJSON
import Declarations

/// Stage kinds, whether this program can run them or not.
package struct KindCatalogue: Sendable {
    /// Sorted by name.
    package let kinds: [any StageKind.Type]

    package init(_ kinds: [any StageKind.Type]) { self.kinds = kinds.sorted { $0.name < $1.name } }

    /// Every kind of the language.
    package static let standard = KindCatalogue(
        SourceKinds.kinds + DataKinds.kinds + RetrievalKinds.kinds + ModelKinds.kinds + TrainingKinds.kinds + AnswerKinds.kinds
            + DistillationKinds.kinds + PruningKinds.kinds + QuantizationKinds.kinds + EvaluationKinds.kinds
            + MeasuringKinds.kinds + CommandKinds.kinds)

    package func kind(named name: String) -> (any StageKind.Type)? { kinds.first { $0.name == name } }

    /// Those that a stage of a recipe's own may have. Sources stand elsewhere in a recipe.
    package var ownKinds: [any StageKind.Type] { kinds.filter { !$0.name.hasPrefix("source.") } }

    /// The names of the kinds whose outputs are measured.
    package var measurements: Set<String> { Set(kinds.filter { $0.isMeasurement }.map { $0.name }) }

    /// The tables of docs/stage-kinds.md: each kind that a stage of a recipe's own may have, with its parameters.
    package var markdown: String { Tables.markdown(of: ownKinds.map { $0.documentation }) }

    /// The parameters of a stage that differ from every default; all of them for kinds that are not known.
    package func departures(of kind: String, _ parameters: JSON) -> JSON {
        guard let kind = self.kind(named: kind) else { return parameters }
        return parameters.departures(from: kind.defaults)
    }
}

extension StageKind {
    /// The kind's parameters under its name, as a stage of a recipe's own gives them.
    package static var documentation: MappingDefinition {
        let names = inputs.map { input in
            switch input.presence {
            case .required: "`\(input.name)`"
            case .optional: "`\(input.name)`?"
            case .numbered: "`\(input.name).0` …"
            case .any: "any"
            }
        }
        return mapping(name, "Revision \(revision). Inputs: \(names.joined(separator: ", ")). Output: \(output).")
    }

    /// What parameters are by default, in every way.
    fileprivate static var defaults: [JSON] {
        func json(_ kind: Self, without names: Set<String>) -> JSON? {
            var kind = kind
            kind.settle()
            return (try? kind.json)?.object.map { .object($0.filter { !names.contains($0.key) }) }
        }
        return ([json(standard, without: [])] + otherStandards.map { json($0, without: choosing) }).compactMap(\.self)
    }
}

extension JSON {
    /// The members that none of the others has alike, within members too.
    fileprivate func departures(from others: [JSON]) -> JSON {
        guard let object else { return self }
        return .object(
            object.reduce(into: [:]) { departures, member in
                let known = others.compactMap { $0[member.key] }
                guard !known.contains(member.value) else { return }
                let rest = member.value.departures(from: known)
                if rest != [:] { departures[member.key] = rest }
            })
    }
}
