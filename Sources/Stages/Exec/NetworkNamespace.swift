import Foundation
import Kinds
import Programs

/// The kernel's way to take the network from a command: namespaces, through util-linux's `unshare`.
enum NetworkNamespace {
    /// What to put in front of a command, so that it and all that it starts have no network and end together; `nil` where
    /// this machine allows no such thing.
    ///
    /// A shell is the first process inside: the kernel spares the first one from signals that would end any other.
    static let prefix: [String]? = {
        let root = URL(fileURLWithPath: "/")
        guard let unshare = try? Program.find("unshare", along: Exec.path, from: root) else { return nil }
        let entering = [
            "--user", "--map-current-user", "--net", "--pid", "--fork", "--kill-child", "--",
            "/bin/sh", "-c", #""$@"; exit $?"#, "sh",
        ]
        let trial = Program(unshare, entering + ["true"], environment: ["PATH": Exec.path], directory: root)
        guard (try? trial.run(timeLimit: 10)) == .exited(status: 0) else { return nil }
        return [unshare] + entering
    }()

    /// The shell's statuses beyond 128 stand for signals.
    static func ending(_ ending: Program.Ending) -> Program.Ending {
        guard case .exited(let status) = ending, (129...192).contains(status) else { return ending }
        return .ended(signal: status - 128)
    }
}
