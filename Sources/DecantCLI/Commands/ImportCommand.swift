import ArgumentParser
import CanonicalJSON
import Foundation
import Store

struct ImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Take files into the store, so that sources pinned by their digest need no network.")

    @Argument(help: "Files.", completion: .file())
    var files: [String]

    @OptionGroup var storeOptions: StoreOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let store = try storeOptions.open()
        for path in files {
            var isDirectory: ObjCBool = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), !isDirectory.boolValue else {
                throw CommandFailure.badInput("there is no file at \(path)")
            }
            let file = try store.importFile(at: path)
            Console.output(
                output.asJSON
                    ? JSON.object([
                        "path": .string(path), "sha256": .string(file.digest.hex), "size": .integer(Int64(file.size)),
                    ])
                    .canonicalText
                    : "\(file.digest)  \(path)")
        }
    }
}
