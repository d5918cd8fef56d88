import ArgumentParser
import BuildModel
import CanonicalJSON
import Foundation
import Store

struct CollectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gc", abstract: "Remove results that no recent build and no tag stands on.",
        discussion: """
            What the newest build of each recipe, every build of the last days, and every tag stands on stays. So does whatever \
            is younger than that. Nothing is removed while another process uses the store.
            """)

    @Option(help: "Days that everything is kept.")
    var keepDays = 30.0

    @Flag(name: [.customShort("n"), .long], help: "Print what would be removed, and remove nothing.")
    var dryRun = false

    @OptionGroup var storeOptions: StoreOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard keepDays >= 0, keepDays < 1e6 else { throw ValidationError("--keep-days takes a number of days from 0 on") }
    }

    func run() throws {
        let store = try storeOptions.open()
        let cutoff = Date() - keepDays * 86_400
        let garbage = dryRun ? try store.garbage(before: cutoff) : try store.collect(before: cutoff)
        Console.output(output.asJSON ? json(of: garbage).canonicalText : text(of: garbage))
        if dryRun, !output.asJSON, garbage.size > 0 {
            Console.hint("gc --keep-days \(keepDays.formatted(.number.grouping(.never)))")
        }
    }

    private func text(of garbage: Garbage) -> String {
        let kinds = garbage.results.map(\.kind.columns).max() ?? 0
        let results = garbage.results.map {
            "  \($0.kind.padded(to: kinds))  \($0.key.short)  \(ByteCount.text($0.size).leftPadded(to: 10))"
        }
        let verb = dryRun ? "would remove" : "removed"
        return
            (results + [
                "\(verb) \(garbage.results.count) results, \(garbage.objects.count) objects, "
                    + "\(garbage.gitObjects.count) git objects, \(garbage.leftovers.count) leftovers: "
                    + ByteCount.text(garbage.size),
                "\(dryRun ? "keeps" : "kept") \(garbage.keptObjects) objects: \(ByteCount.text(garbage.keptSize))",
            ]).joined(separator: "\n")
    }

    private func json(of garbage: Garbage) -> JSON {
        [
            "dry_run": .bool(dryRun),
            "results": .array(
                garbage.results.map {
                    [
                        "kind": .string($0.kind), "key": .string($0.key.hex), "commit": .string($0.commit.hex),
                        "size": .integer(Int64($0.size)),
                    ]
                }),
            "objects": .integer(Int64(garbage.objects.count)), "git_objects": .integer(Int64(garbage.gitObjects.count)),
            "leftovers": .integer(Int64(garbage.leftovers.count)), "size": .integer(Int64(garbage.size)),
            "kept_objects": .integer(Int64(garbage.keptObjects)), "kept_size": .integer(Int64(garbage.keptSize)),
        ]
    }
}
