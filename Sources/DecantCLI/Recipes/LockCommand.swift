import ArgumentParser
import Fetching
import Foundation
import Planner
import RecipeLanguage
import Store

struct LockCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lock",
        abstract: "Pin sources from elsewhere: fetch them, and write their digests to the recipe's lock file.")

    @OptionGroup var recipe: RecipeArgument

    @Flag(help: "Fetch anew what is locked already, too.")
    var update = false

    @OptionGroup var options: ResultOptions

    func run() async throws {
        let file = try recipe.read()
        let store = try options.open()
        let sources = file.recipe.sources.filter(\.needsLock)
        var lock = SourceLock()
        for source in sources {
            let name = source.name.value
            if !update, let entry = file.lock?.entries[name], entry.request == source.request {
                lock.entries[name] = entry
                continue
            }
            Console.progress("  fetching \(name)")
            lock.entries[name] = try await entry(for: source, in: store)
        }
        let path = RecipeFile.lockPath(of: recipe.path)
        try Data(lock.text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
        Console.output(options.asJSON ? lock.text : summary(of: lock, path: path))
    }

    private func entry(for source: Source, in store: Store) async throws -> SourceLock.Entry {
        do {
            let fetcher = NetworkFetcher()
            let origin = try await fetcher.resolve(source.fetchOrigin())
            let fetched = try await fetcher.fetch(origin, into: store)
            return SourceLock.Entry(
                request: source.request, revision: origin.revision,
                files: fetched.files.map { .init(path: $0.path, digest: $0.digest) })
        } catch {
            throw CommandFailure(
                status: ExitStatus.stageFailed, message: "the source '\(source.name.value)' cannot be locked: \(error)")
        }
    }

    private func summary(of lock: SourceLock, path: String) -> String {
        let lines = lock.entries.sorted { $0.key < $1.key }.flatMap { name, entry in
            ["\(name)\(entry.revision.map { " at \($0.prefix(12))" } ?? "")"]
                + entry.files.map { "  \($0.digest.short)  \($0.path)" }
        }
        return (lines + ["\(path): \(lock.entries.count) source\(lock.entries.count == 1 ? "" : "s") locked"]).joined(
            separator: "\n")
    }
}
