import BuildModel
import Declarations

/// A kind of stage. The value is the kind's parameters after defaults and normalization: all of it enters the action key.
///
/// A kind's declaration documents its input and output layout, and has a revision. Raising the revision is the only way to
/// invalidate a kind.
package protocol StageKind: ParameterGroup {
    static var name: String { get }
    static var revision: Int { get }
    /// In the order of the stage commit's parents.
    static var inputs: [InputDeclaration] { get }
    /// The files of the output, in few words, for the documentation.
    static var output: String { get }
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
    /// Bytes of memory that a run takes, roughly, given the bytes of the input artifacts by name.
    func memory(_ inputs: [String: Int]) -> Int
}

extension StageKind {
    package static var otherStandards: [Self] { [] }
    package static var choosing: Set<String> { [] }
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
