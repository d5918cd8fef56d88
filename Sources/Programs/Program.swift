import Foundation

/// A program to run as a child, with exactly the arguments, the environment and the directory that are given.
package struct Program: Sendable {
    /// An absolute path, or one from `directory`.
    package var executable: String
    package var arguments: [String]
    package var environment: [String: String]
    package var directory: URL

    package init(_ executable: String, _ arguments: [String], environment: [String: String], directory: URL) {
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
        self.directory = directory
    }

    /// Where a child's output goes.
    package enum Output: Sendable {
        case nowhere
        /// The standard error of this process: the log of a stage.
        case log
        /// A file that is made, or written over.
        case file(URL)
        /// An open descriptor of this process.
        case descriptor(Int32)
    }

    /// How a child ended.
    package enum Ending: Hashable, Sendable {
        case exited(status: Int32)
        case ended(signal: Int32)
        case outOfTime

        /// - Parameter waitStatus: the status word of `wait(2)`.
        init(waitStatus: Int32) {
            let signal = waitStatus & 0x7F
            self = signal == 0 ? .exited(status: waitStatus >> 8 & 0xFF) : .ended(signal: signal)
        }

        /// The exit status; negative for a signal.
        package var status: Int32 {
            switch self {
            case .exited(let status): status
            case .ended(let signal): -signal
            case .outOfTime: -SIGKILL
            }
        }
    }
}

/// Why a program could not be run.
package enum ProgramError: Error, Hashable, Sendable, CustomStringConvertible {
    /// `path`: where it was looked for, as in `PATH`.
    case notFound(name: String, path: String)
    case notExecutable(path: String)
    case cannotStart(name: String, reason: String)

    package var description: String {
        switch self {
        case .notFound(let name, _) where name.contains("/"):
            "there is no program \(name)"
        case .notFound(let name, let path):
            "there is no program '\(name)' along the PATH \(path)"
        case .notExecutable(let path):
            "\(path) is not executable; name the program that reads it first: [python3, \(path)]"
        case .cannotStart(let name, let reason):
            "\(name) cannot be started: \(reason)"
        }
    }
}

extension Program {
    /// Finds a program as a shell does: along `path`, unless its name has a slash.
    ///
    /// - Parameter directory: what relative names and relative parts of `path` start from.
    /// - Returns: the name itself where it has a slash, else an absolute path.
    package static func find(_ name: String, along path: String, from directory: URL) throws(ProgramError) -> String {
        func location(_ name: String) -> String {
            name.hasPrefix("/") ? name : directory.path + "/" + name
        }
        if name.contains("/") {
            guard isFile(location(name)) else { throw .notFound(name: name, path: path) }
            guard access(location(name), X_OK) == 0 else { throw .notExecutable(path: name) }
            return name
        }
        for folder in path.split(separator: ":") where !name.isEmpty {
            let candidate = location("\(folder)/\(name)")
            if isFile(candidate), access(candidate, X_OK) == 0 { return candidate }
        }
        throw .notFound(name: name, path: path)
    }

    private static func isFile(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }
}
