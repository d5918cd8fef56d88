import CanonicalJSON
import Foundation
import Testing

/// A store with two builds of the tiny recipe, made once for all tests that only look at it.
struct LineageWorkshop {
    let program: DecantProgram
    /// Commits of the targets by name.
    let first: [String: String]
    let second: [String: String]

    /// Held until the tests end; its folder goes with the process.
    private nonisolated(unsafe) static let shared: Result<LineageWorkshop, any Error> = {
        let result = Result { try LineageWorkshop() }
        atexit { if case .success(let workshop) = LineageWorkshop.shared { workshop.remove() } }
        return result
    }()

    static func built() throws -> LineageWorkshop { try shared.get() }

    private init() throws {
        program = try DecantProgram()
        first = DecantProgram.commits(try program.build())
        // A field, a comment and a spelling: only the first is a change.
        try program.edit("tiny.yaml", "group_size: 32}", "group_size: 16}   # finer")
        try program.edit("tiny.yaml", "test: 15%", "test: 0.15")
        second = DecantProgram.commits(try program.build())
    }

    private func remove() { try? FileManager.default.removeItem(at: program.folder) }

    /// A store of the same content that a test may change.
    func copy() throws -> DecantProgram {
        let copy = try DecantProgram()
        for name in ["cache", "tiny.yaml"] {
            let destination = copy.folder.appending(path: name)
            try? FileManager.default.removeItem(at: destination)
            try FileManager.default.copyItem(at: program.folder.appending(path: name), to: destination)
        }
        return copy
    }

    /// The one JSON value that a command prints.
    func json(_ arguments: String...) throws -> JSON {
        let process = try program.start(arguments + ["--json"])
        let output = try #require(process.standardOutput as? Pipe).fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return try JSON(parsing: output)
    }
}
