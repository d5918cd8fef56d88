import ArgumentParser
import Sharing
import Store

struct PullCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull", abstract: "Take builds, their lineage and their files from a remote, all of it checked.")

    @Argument(help: "A path, an address (file, http, https, ssh), or a remote of the lineage repository (else origin).")
    var remote: String?

    @Argument(help: "Names of recipes (else all, with tags).")
    var recipes: [String] = []

    @OptionGroup var options: ExchangeOptions

    func run() async throws {
        let store = try options.store.open()
        try await options.reporting {
            let remote = try Remote(remote, objectServer: options.lfs, for: store)
            return try await store.pull(recipes.isEmpty ? .everything : .recipes(recipes), from: remote) { options.show($0) }
        }
    }
}
