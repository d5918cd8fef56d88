import ArgumentParser
import Foundation

struct InitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Begin a new domain: a recipe, functions and utterance templates that build as they stand."
    )

    @Argument(help: "The domain's name: letters, digits, '-' and '_'.")
    var name: String

    @Option(help: "The folder to write into.")
    var directory = "."

    func run() throws {
        let isWord = name.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == 45 || byte == 95
        }
        guard isWord, let first = name.utf8.first, first != 45, first != 95, name.utf8.count <= 64 else {
            throw CommandFailure.badInput(
                "'\(name)' cannot name a domain: use letters, digits, '-' and '_', a letter or digit first")
        }
        let folder = URL(fileURLWithPath: directory, isDirectory: true)
        let files = Scaffold.files(for: name)
        for (path, _) in files where FileManager.default.fileExists(atPath: folder.appending(path: path).path) {
            throw CommandFailure.badInput("\(shown(path)) is there already; nothing was written")
        }
        try FileManager.default.createDirectory(at: folder.appending(path: name), withIntermediateDirectories: true)
        for (path, text) in files {
            try Data(text.utf8).write(to: folder.appending(path: path), options: .withoutOverwriting)
            Console.output(shown(path))
        }
        Console.hint("build \(shown("\(name).yaml"))")
    }

    private func shown(_ path: String) -> String { directory == "." ? path : "\(directory)/\(path)" }
}
