import ArgumentParser
import Sharing
import Store

struct PushCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "push", abstract: "Give builds, their lineage and their files to a remote.")

    @Argument(help: "A path, an address (file, http, https, ssh), or a remote of the lineage repository (else origin).")
    var remote: String?

    @Argument(help: "Names of recipes (else all, with tags).")
    var recipes: [String] = []

    @OptionGroup var options: ExchangeOptions

    func run() async throws {
        let store = try options.store.open()
        try await options.reporting(next: "pull" + (remote.map { " \($0)" } ?? "")) {
            let remote = try Remote(remote, objectServer: options.lfs, for: store)
            return try await store.push(recipes, to: remote) { options.show($0) }
        }
    }
}
