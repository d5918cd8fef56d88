import ArgumentParser
import Foundation
import Sharing
import Store

struct CloneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clone", abstract: "Make a store of all that a remote has; it becomes the store's origin.")

    @Argument(help: "A path, or an address (file, http, https, ssh).")
    var remote: String

    @OptionGroup var options: ExchangeOptions

    func run() async throws {
        let directory = options.store.directory
        guard !FileManager.default.fileExists(atPath: directory.appending(path: "lineage.git").path) else {
            throw CommandFailure.badInput("\(directory.path) is a store already", hint: "pull \(remote)")
        }
        let address: RemoteAddress
        do {
            address = try RemoteAddress(remote)
        } catch {
            throw CommandFailure.badInput(error.description)
        }
        let isNew = !FileManager.default.fileExists(atPath: directory.path)
        let store = try options.store.open()
        do {
            try await options.reporting(next: "pull") {
                let summary = try await store.pull(
                    .everything, from: Remote(remote, objectServer: options.lfs, for: store)
                ) { options.show($0) }
                try store.addRemote("origin", address: address.textWithUser)
                return summary
            }
        } catch {
            // What came of objects stays for the next try, unless there is nothing.
            if isNew, !store.hasIncoming { try? FileManager.default.removeItem(at: directory) }
            throw error
        }
    }
}
