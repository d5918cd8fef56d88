import ArgumentParser
import BuildModel
import CanonicalJSON
import Foundation
import Store

struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show what the store holds: recipes, their newest builds, unfinished work, sizes.")

    @OptionGroup var storeOptions: StoreOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let status = try storeOptions.open().status()
        Console.output(output.asJSON ? json(of: status).canonicalText : text(of: status))
    }

    private func text(of status: StoreStatus) -> String {
        var lines = [
            "store    \(status.path)",
            "holds    \(status.results) results, \(status.objects) objects, \(ByteCount.text(status.size))",
        ]
        let names = status.recipes.map(\.name.columns).max() ?? 0
        for recipe in status.recipes {
            let build = recipe.build
            lines.append(
                "recipe   \(recipe.name.padded(to: names))  \(build.commit.hex.prefix(12))  \(build.time.formatted(.iso8601))  "
                    + "\(build.targets.count) targets")
        }
        for work in status.work {
            let state = work.isRunning ? "running " : "stopped "
            let checkpoint = work.checkpointSize > 0 ? "  checkpoint of \(ByteCount.text(work.checkpointSize))" : ""
            lines.append("\(state) \(work.kind)  \(work.key.short)  \(work.changed.formatted(.iso8601))\(checkpoint)")
        }
        return lines.joined(separator: "\n")
    }

    private func json(of status: StoreStatus) -> JSON {
        [
            "path": .string(status.path), "objects": .integer(Int64(status.objects)), "size": .integer(Int64(status.size)),
            "results": .integer(Int64(status.results)),
            "recipes": .array(
                status.recipes.map {
                    [
                        "name": .string($0.name), "commit": .string($0.build.commit.hex),
                        "time": .string($0.build.time.formatted(.iso8601)),
                    ]
                }),
            "work": .array(
                status.work.map {
                    [
                        "key": .string($0.key.hex), "kind": .string($0.kind), "running": .bool($0.isRunning),
                        "checkpoint": .integer(Int64($0.checkpointSize)),
                    ]
                }),
        ]
    }
}
