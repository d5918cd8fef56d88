import BuildModel
import CanonicalJSON

/// A kind of stage. The value is the kind's parameters after defaults and normalization: all of it enters the action key.
///
/// Each kind stands in a file of its own, documents its input and output layout there, and has a revision. Raising the
/// revision is the only way to invalidate a kind.
package protocol StageKind: Codable, Hashable, Sendable {
    static var name: String { get }
    static var revision: Int { get }
    /// In the order of the stage commit's parents.
    static var inputs: [InputDeclaration] { get }
    /// Whether the output is measured: of one machine at one time, and another at the next. A measurement has the machine to
    /// itself, and nobody compares its bytes.
    static var isMeasurement: Bool { get }
    /// Whether a model is run or trained, so that the recipe's `numerics` decide the bytes. All else is `portable` always, and
    /// shared by recipes of either profile.
    var runsModel: Bool { get }
    /// Bytes of memory that a run takes, roughly, given the bytes of the input artifacts by name.
    func memory(_ inputs: [String: Int]) -> Int
}

extension StageKind {
    package static var isMeasurement: Bool { false }
    package var runsModel: Bool { false }
    package func memory(_ inputs: [String: Int]) -> Int { Stage.plainMemory(inputs) }
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

    package var name: String
    package var presence: Presence

    package static func required(_ name: String) -> InputDeclaration { .init(name: name, presence: .required) }
    package static func optional(_ name: String) -> InputDeclaration { .init(name: name, presence: .optional) }
    package static func numbered(_ name: String) -> InputDeclaration { .init(name: name, presence: .numbered) }
    package static var any: InputDeclaration { .init(name: "*", presence: .any) }

    /// Whether an input of this name is the one declared.
    func admits(_ input: String) -> Bool {
        switch presence {
        case .required, .optional: input == name
        case .numbered: input.hasPrefix(name + ".") && Int(input.dropFirst(name.count + 1)).map { $0 >= 0 } == true
        case .any: true
        }
    }
}

/// Every stage kind of the language, whether this program can run it or not.
package enum KindCatalogue {
    /// Sorted by name.
    package static let kinds: [any StageKind.Type] = [
        AdapterMerge.self, BenchDecode.self, BenchServe.self, DataCompressPrompt.self, DataGenerate.self, DataIngest.self,
        DataKnowledge.self, DataRetrieve.self, DataSplit.self,
        DPOTrain.self, EndpointSample.self, EvalCost.self, EvalGenerate.self, EvalPerplexity.self, EvalScore.self, Exec.self,
        Judge.self, KDCapture.self, KDOnPolicy.self, KDTrain.self, ModelImport.self, ModelInit.self, PruneApply.self,
        PruneScore.self, QuantApply.self, QuantCalibrate.self, Report.self, RLTrain.self, Sample.self, SourceFile.self,
        SourceGit.self, SourceHTTP.self, SourceHuggingFace.self, SourcePyPI.self, TokenizerTrain.self, TrainSFT.self,
    ]

    package static func kind(named name: String) -> (any StageKind.Type)? { kinds.first { $0.name == name } }

    /// The names of the kinds whose outputs are measured.
    package static let measurements = Set(kinds.filter { $0.isMeasurement }.map { $0.name })
}
