import BuildModel
import CanonicalJSON
import Executor
import Foundation
import Kinds
import Store

/// The command of a stage, as people are asked about it.
struct CommandText {
    /// Of all that runs: the command with its environment and limits, and every file among its inputs that a source or another
    /// command gave. Rows and models that Decant made are not among them, so the same command on other data is the same.
    let digest: Digest
    /// Its environment and its words as a shell would have them, with everything escaped that a terminal would obey.
    let words: String

    private static let limit = 4000

    /// `nil` for a stage that runs no command.
    ///
    /// - Parameter inputs: the stages that its inputs came from, in any order.
    init?(_ action: Action, inputs: [StageRecord]) {
        guard let parameters = action.command else { return nil }
        let programs = Set(inputs.filter { $0.action.isSource || $0.action.kind == Exec.name }.map(\.artifact.digest))
        let given = action.inputs.filter { programs.contains($0.artifact) }
        // Of the inputs of a stage that judges or rewards only these run.
        let run = action.kind == Exec.name ? given : given.filter { $0.name == "script" }
        let files = run.map { ($0.name, JSON.string($0.artifact.hex)) }
        let identity: JSON = [
            "parameters": parameters, "files": .object(Dictionary(files, uniquingKeysWith: { first, _ in first })),
        ]
        digest = Digest(hashing: identity.canonicalBytes)
        let environment = (parameters["environment"]?.object ?? [:]).sorted { $0.key < $1.key }
            .map { "\(Self.escaped($0.key))=\(Self.escaped($0.value.string ?? $0.value.canonicalText))" }
        let command = (parameters["command"]?.array ?? []).map { Self.escaped($0.string ?? $0.canonicalText) }
        let text = (environment + command).joined(separator: " ")
        words = text.count <= Self.limit ? text : text.prefix(Self.limit) + "… (\(text.count - Self.limit) characters more)"
    }

    /// A word as it is where it is plain, else in quotation marks, with `\u{…}` for what cannot be seen or moves the cursor.
    static func escaped(_ word: String) -> String {
        let isPlain =
            !word.isEmpty
            && word.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "_./:=,+@%-".utf8.contains(byte)
            }
        if isPlain { return word }
        let scalars = word.unicodeScalars.map { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator:
                "\\u{\(String(scalar.value, radix: 16))}"
            default: scalar == "'" || scalar == "\\" ? "\\\(scalar)" : String(scalar)
            }
        }
        return "'\(scalars.joined())'"
    }
}

extension Action {
    /// The part of the parameters that is a command; `nil` where the stage runs none.
    var command: JSON? { CommandKinds.command(of: kind, parameters) }
}
