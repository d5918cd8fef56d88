import BuildModel
import CanonicalJSON
import Declarations

package enum CommandKinds {
    static let kinds: [any StageKind.Type] = [Exec.self]

    /// Names of the kinds whose stages may run a command of the recipe's, `exec` first.
    package static let names =
        [Exec.name] + KindCatalogue.standard.kinds.filter { $0 is any JudgedKind.Type }.map { $0.name }

    /// The part of a stage's parameters that is a command, with the names of `exec`'s: all of `exec`'s, the program of a judge,
    /// the one that rewards; `nil` for a stage that runs none.
    package static func command(of kind: String, _ parameters: JSON) -> JSON? {
        switch kind {
        case Exec.name: parameters
        case RLTrain.name: parameters["command"].map { JSON.object(["command": $0]) }
        default: names.contains(kind) ? parameters["program"] : nil
        }
    }
}

/// A command of the user's own: the way for scripts in any language to join a graph.
///
/// It runs in a fresh directory that holds `inputs/<name>/` and an empty `outputs/`, with a cleared environment and, where the
/// kernel allows it, no network.
///
/// Inputs: any, as declared.
/// Output: the files and folders of `outputs/` that are declared, and nothing else.
package struct Exec: StageKind {
    package static let declaration = KindDeclaration(
        "exec", revision: 1, inputs: [.any], output: "the files and folders that it declares")

    /// The program, looked up along `PATH`, and its arguments.
    @Spanned package var command: [String] = []
    /// All that the command sees besides `PATH`, `HOME`, `TMPDIR`, `LC_ALL` and `TZ`.
    @Spanned package var environment: [String: String] = [:]
    /// Paths below `outputs/`, sorted, each of which the command must make; one of a folder takes all below it.
    @Spanned package var outputs: [String] = []
    /// Seconds; the command and all that it started are ended then.
    @Spanned package var timeLimit = 3600.0
    /// Bytes of address space; 0 sets no limit.
    @Spanned package var memory = 0

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(\.$command, .texts("command", "The program and its arguments as a list."), at: .elsewhere, isNeeded: true),
        .init(
            \.$environment, Field<[String: String]>.named(.text("environment", "All that the command sees of an environment.")),
            at: .elsewhere),
        .init(
            \.$outputs, .names("outputs", "What the command makes below `outputs/`: files and folders."), at: .elsewhere,
            isNeeded: true),
        .init(\.$timeLimit, .duration("time_limit", in: 1...604_800, "When the command is ended.")),
        .init(\.$memory, .bytes("memory", in: 0...(1 << 46), "Address space of the command; 0 sets no limit.")),
    ]

    package mutating func settle() { outputs.sort() }

    package var names: [FileName] {
        (command + outputs + environment.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] }).map { FileName($0) }
    }
}
