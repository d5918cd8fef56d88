import ArgumentParser
import CanonicalJSON
import Foundation
import Store

struct LogCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "log", abstract: "Show the builds of a recipe, newest first.")

    @Argument(help: "The recipe's name (else all recipes of the store).")
    var recipe: String?

    @OptionGroup var storeOptions: StoreOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let store = try storeOptions.open()
        let known = try store.recipes()
        if let recipe, !known.contains(recipe) {
            throw CommandFailure.badInput(
                "this store has no build of '\(recipe)'" + (known.isEmpty ? "" : "; it has " + known.joined(separator: ", ")))
        }
        for name in recipe.map({ [$0] }) ?? known {
            for build in try store.builds(of: name) {
                Console.output(output.asJSON ? json(of: build, recipe: name).canonicalText : text(of: build, recipe: name))
            }
        }
    }

    private func json(of build: BuildEntry, recipe: String) -> JSON {
        [
            "recipe": .string(recipe), "commit": .string(build.commit.hex),
            "time": .string(build.time.formatted(.iso8601)), "author": .string(build.author),
            "summary": .string(build.summary),
            "targets": .array(build.targets.map { ["name": .string($0.name), "commit": .string($0.commit.hex)] }),
        ]
    }

    private func text(of build: BuildEntry, recipe: String) -> String {
        let head = "\(build.commit.hex.prefix(12))  \(build.time.formatted(.iso8601))  \(recipe)  \(build.author)"
        return ([head, "    \(build.summary)"] + build.targets.map { "    \($0.commit.hex.prefix(12))  \($0.name)" }).joined(separator: "\n")
    }
}
