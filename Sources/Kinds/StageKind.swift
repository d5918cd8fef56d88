import BuildModel
import CanonicalJSON
import Declarations

/// A kind of stage. The value is the kind's parameters after defaults and normalization: all of it enters the action key.
///
/// A kind's declaration documents its input and output layout, and has a revision. Raising the revision is the only way to
/// invalidate a kind.
package protocol StageKind: ParameterGroup {
    static var declaration: KindDeclaration { get }
    /// Parameters as recipes have them by default that leave `standard` aside: a teacher's shape, another method.
    static var otherStandards: [Self] { get }
    /// Parameters that choose between these, and are no defaults themselves.
    static var choosing: Set<String> { get }
    /// Whether the output is measured: of one machine at one time, and another at the next. A measurement has the machine to
    /// itself, and nobody compares its bytes.
    static var isMeasurement: Bool { get }
    /// Whether a model is run or trained, so that the recipe's `numerics` decide the bytes. All else is `portable` always, and
    /// shared by recipes of either profile.
    var runsModel: Bool { get }
    /// Names of files, and what may name some, among the parameters: two stages are one only if these have the same bytes.
    var names: [FileName] { get }
    /// Bytes of memory that a run takes, roughly, given the bytes of the input artifacts by name.
    func memory(_ inputs: [String: Int]) -> Int
    /// Floating-point operations of a run, roughly; `nil` where nobody can tell before it.
    func operations(_ workload: Workload) -> Double?
}

/// What a kind is, beside its parameters.
package struct KindDeclaration: Sendable {
    package let name: String
    package let revision: Int
    /// In the order of the stage commit's parents.
    package let inputs: [InputDeclaration]
    /// The files of the output, in few words, for the documentation.
    package let output: String

    package init(_ name: String, revision: Int, inputs: [InputDeclaration] = [], output: String) {
        (self.name, self.revision, self.inputs, self.output) = (name, revision, inputs, output)
    }
}

extension StageKind {
    package static var name: String { declaration.name }
    package static var revision: Int { declaration.revision }
    package static var inputs: [InputDeclaration] { declaration.inputs }
    package static var output: String { declaration.output }
    package static var otherStandards: [Self] { [] }
    package static var choosing: Set<String> { [] }
    package static var isMeasurement: Bool { false }
    package var runsModel: Bool { false }
    package var names: [FileName] { [] }
    package func memory(_ inputs: [String: Int]) -> Int { runsModel ? Memory.inference(inputs) : Stage.plainMemory(inputs) }
    package func operations(_ workload: Workload) -> Double? { nil }
}

/// An input that a kind reads.
package struct InputDeclaration: Hashable, Sendable {
    package enum Presence: Hashable, Sendable {
        case required
        case optional
        /// Any number, `name.0`, `name.1`, and so on.
        case numbered
        /// Any number under names of the writer's own.
        case any
    }

    package let name: String
    package let presence: Presence

    package static func required(_ name: String) -> InputDeclaration { .init(name: name, presence: .required) }
    package static func optional(_ name: String) -> InputDeclaration { .init(name: name, presence: .optional) }
    package static func numbered(_ name: String) -> InputDeclaration { .init(name: name, presence: .numbered) }
    package static var any: InputDeclaration { .init(name: "*", presence: .any) }

    /// Whether an input of this name is the one declared.
    package func admits(_ input: String) -> Bool {
        switch presence {
        case .required, .optional: input == name
        case .numbered: input.hasPrefix(name + ".") && Int(input.dropFirst(name.count + 1)).map { $0 >= 0 } == true
        case .any: true
        }
    }
}

/// Stage kinds, whether this program can run them or not.
package struct KindCatalogue: Sendable {
    /// Sorted by name.
    package let kinds: [any StageKind.Type]

    package init(_ kinds: [any StageKind.Type]) { self.kinds = kinds.sorted { $0.name < $1.name } }

    /// Every kind of the language.
    package static let standard = KindCatalogue(
        SourceKinds.kinds + DataKinds.kinds + UtteranceKinds.kinds + RetrievalKinds.kinds + DescriptionKinds.kinds
            + GuidanceKinds.kinds + ModelKinds.kinds + EncoderKinds.kinds + TrainingKinds.kinds + AnswerKinds.kinds
            + RefusalKinds.kinds + EndpointKinds.kinds + JudgingKinds.kinds + DistillationKinds.kinds + PruningKinds.kinds
            + QuantizationKinds.kinds + EvaluationKinds.kinds + MeasuringKinds.kinds + CommandKinds.kinds)

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
