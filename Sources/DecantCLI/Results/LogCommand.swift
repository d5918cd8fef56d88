import ArgumentParser
import CanonicalJSON
import Foundation
import Store
import Trust

struct LogCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "log", abstract: "Show the builds of a recipe, newest first.")

    @Argument(help: "The recipe's name (else all recipes of the store).")
    var recipe: String?

    @Option(name: [.customShort("n"), .long], help: "Builds to show of each recipe, at most.")
    var maxCount: Int?

    @OptionGroup var options: ResultOptions

    func validate() throws {
        if let maxCount, maxCount < 1 { throw ValidationError("--max-count must be at least 1") }
    }

    func run() throws {
        let store = try options.openExisting()
        let known = try store.recipes()
        if let recipe, !known.contains(recipe) {
            throw CommandFailure.badInput(
                "this store has no build of '\(recipe)'" + (known.isEmpty ? "" : "; it has " + known.joined(separator: ", ")))
        }
        let judge = try store.trust().judge
        for name in recipe.map({ [$0] }) ?? known { try show(name, in: store, judge) }
    }

    /// Each build is compared with the one before it, so one more is read than is shown.
    private func show(_ recipe: String, in store: Store, _ judge: SignatureJudge) throws {
        var next = try store.build(of: recipe)
        var shown = 0
        while let build = next, shown < maxCount ?? .max {
            let previous = try build.previous.flatMap { try store.build($0) }
            let changes = previous.map { BuildChanges(from: $0, to: build) }
            let verdict = try store.verdict(onCommit: build.commit, by: judge)
            options.print(json(of: build, verdict, changes), text(of: build, verdict, changes))
            shown += 1
            next = previous
        }
    }

    private func json(of build: StoredBuild, _ verdict: SignatureVerdict, _ changes: BuildChanges?) -> JSON {
        [
            "recipe": .string(build.recipe), "commit": .string(build.commit.hex),
            "time": .string(build.time.formatted(.iso8601)), "author": .string(build.author),
            "summary": .string(build.summary), "signed": .bool(verdict.isValid), "signature": verdict.json,
            "stages": .count(build.stages.count), "changes": changes?.json ?? .null,
            "targets": .array(build.targets.map { ["name": .string($0.name), "commit": .string($0.commit.hex)] }),
        ]
    }

    private func text(of build: StoredBuild, _ verdict: SignatureVerdict, _ changes: BuildChanges?) -> String {
        let stages = changes?.text ?? "first build, \(build.stages.count) stages"
        let signature = verdict == .unsigned ? [] : ["    signature \(verdict.words)"]
        return
            ([build.heading, "    \(build.summary)", "    \(stages)"] + signature
            + build.targets.map { "    \($0.commit.short)  \($0.name)" }).joined(separator: "\n")
    }
}

/// How many stages a build adds to the one before it, takes away and changes: read off the two plans alone.
struct BuildChanges {
    var added = 0
    var removed = 0
    var changed = 0

    init(from old: StoredBuild, to new: StoredBuild) {
        let before = Dictionary(old.stages.map { ($0.name, $0.commit) }, uniquingKeysWith: { $1 })
        let after = Dictionary(new.stages.map { ($0.name, $0.commit) }, uniquingKeysWith: { $1 })
        added = after.keys.count { before[$0] == nil }
        removed = before.keys.count { after[$0] == nil }
        changed = after.count { name, commit in before[name].map { $0 != commit } ?? false }
    }

    var json: JSON {
        ["added": .count(added), "removed": .count(removed), "changed": .count(changed)]
    }

    var text: String {
        let parts = [(added, "added"), (removed, "removed"), (changed, "changed")].filter { $0.0 > 0 }
        return parts.isEmpty
            ? "no stage changed" : "stages: " + parts.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
    }
}
