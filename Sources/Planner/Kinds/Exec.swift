/// A command of the user's own: the way for scripts in any language to join a graph.
///
/// It runs in a fresh directory that holds `inputs/<name>/` and an empty `outputs/`, with a cleared environment and, where the
/// kernel allows it, no network.
///
/// Inputs: any, as declared.
/// Output: the files and folders of `outputs/` that are declared, and nothing else.
package struct Exec: StageKind {
    package static let name = "exec"
    package static let revision = 1
    package static let inputs: [InputDeclaration] = [.any]

    /// The program, looked up along `PATH`, and its arguments.
    package var command: [String]
    /// All that the command sees besides `PATH`, `HOME`, `TMPDIR`, `LC_ALL` and `TZ`.
    package var environment: [String: String]
    /// Paths below `outputs/`, sorted, each of which the command must make; one of a folder takes all below it.
    package var outputs: [String]
    /// Seconds; the command and all that it started are ended then.
    package var timeLimit: Double
    /// Bytes of address space; 0 sets no limit.
    package var memory: Int

    package init(command: [String], environment: [String: String], outputs: [String], timeLimit: Double, memory: Int) {
        self.command = command
        self.environment = environment
        self.outputs = outputs
        self.timeLimit = timeLimit
        self.memory = memory
    }
}
