import ArgumentParser
import Foundation
import Store

struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Copy an artifact (a model folder, say) out of the store.")

    @Argument(help: "A stage or target of a recipe's last build, or a commit.")
    var target: String

    @Argument(help: "The directory to make.", completion: .directory)
    var directory: String

    @OptionGroup var storeOptions: StoreOptions

    func run() throws {
        let store = try storeOptions.open()
        let artifact = try StoredTarget(target, in: store).record.artifact
        guard !FileManager.default.fileExists(atPath: directory) else {
            throw CommandFailure.badInput("\(directory) exists already; name a new directory")
        }
        let folder = URL(fileURLWithPath: directory, isDirectory: true)
        for file in artifact.files {
            let destination = folder.appending(path: file.path)
            let parent = destination.deletingLastPathComponent()
            try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
            try store.copyObject(file.digest, to: destination)
        }
        Console.output("\(artifact.files.count) files, \(ByteCount.text(artifact.size)), in \(directory)")
    }
}
