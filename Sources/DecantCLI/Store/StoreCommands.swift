import ArgumentParser
import CanonicalJSON
import Files
import Foundation
import Store

struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show what the store holds: recipes, their newest builds, unfinished work, sizes.")

    @OptionGroup var options: ResultOptions

    func run() throws {
        let status = try options.openExisting().status()
        options.print(json(of: status), text(of: status))
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
            "path": .string(status.path), "objects": .count(status.objects), "size": .count(status.size),
            "results": .count(status.results),
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
                        "checkpoint": .count($0.checkpointSize),
                    ]
                }),
        ]
    }
}

struct ImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Take files into the store, so that sources pinned by their digest need no network.")

    @Argument(help: "Files.", completion: .file())
    var files: [String]

    @OptionGroup var options: ResultOptions

    func run() throws {
        for path in files {
            if let problem = RegularFile.problem(at: path) { throw CommandFailure.unreadable(path, problem) }
        }
        let store = try options.open()
        for path in files {
            let file = try store.importFile(at: path)
            options.print(
                ["path": .string(path), "sha256": .string(file.digest.hex), "size": .count(file.size)],
                "\(file.digest)  \(path)")
        }
    }
}

struct FsckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fsck", abstract: "Check every object, ref and stage commit of the store.",
        discussion: "Every object is hashed again. Exits with 1 where something is wrong.")

    @Flag(help: "Put aside what is damaged, and name again what lost its name; the next build makes the rest anew.")
    var repair = false

    @OptionGroup var options: ResultOptions

    func run() throws {
        let store = try options.openExisting()
        let check = try store.check()
        let steps = repair ? try store.repair(check.problems).steps : []
        if options.asJSON {
            Console.output(json: json(of: check, steps: steps))
        } else {
            for problem in check.problems { Console.output(problem.description) }
            for step in steps { Console.output("repaired: \(step)") }
            let collected = check.collected > 0 ? " (\(check.collected) collected)" : ""
            let problems = check.problems.count == 1 ? "1 problem" : "\(check.problems.count) problems"
            Console.output("\(check.objects) objects, \(check.commits) stage commits\(collected), \(problems)")
            if !check.problems.isEmpty, !repair { Console.hint("fsck --repair") }
        }
        if !check.problems.isEmpty { throw CommandFailure(status: ExitStatus.stageFailed, message: nil, hint: nil) }
    }

    private func json(of check: StoreCheck, steps: [String]) -> JSON {
        var members: [String: JSON] = [
            "objects": .count(check.objects), "commits": .count(check.commits),
            "collected": .count(check.collected), "problems": .array(check.problems.map { .string($0.description) }),
        ]
        if repair { members["repaired"] = .array(steps.map(JSON.string)) }
        return .object(members)
    }
}

struct CollectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gc", abstract: "Remove results that no recent build and no tag needs.",
        discussion: """
            Everything that the newest build of each recipe, a build of the last days or a tag needs is kept. So is everything \
            younger than that. Nothing is removed while another process uses the store.
            """)

    @Option(help: "Days that everything is kept.")
    var keepDays = 30.0

    @Flag(name: [.customShort("n"), .long], help: "Print what would be removed, and remove nothing.")
    var dryRun = false

    @OptionGroup var options: ResultOptions

    func validate() throws {
        guard keepDays >= 0, keepDays < 1e6 else { throw ValidationError("--keep-days takes a number of days from 0 on") }
    }

    func run() throws {
        let store = try options.openExisting()
        let cutoff = Date() - keepDays * 86_400
        let garbage = dryRun ? try store.garbage(before: cutoff) : try store.collect(before: cutoff)
        options.print(json(of: garbage), text(of: garbage))
        if dryRun, !options.asJSON, garbage.size > 0 {
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
                    + (garbage.witnesses.isEmpty ? "" : "\(garbage.witnesses.count) witnesses, ")
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
                        "size": .count($0.size),
                    ]
                }),
            "witnesses": .array(garbage.witnesses.map { .string($0.hex) }),
            "objects": .count(garbage.objects.count), "git_objects": .count(garbage.gitObjects.count),
            "leftovers": .count(garbage.leftovers.count), "size": .count(garbage.size),
            "kept_objects": .count(garbage.keptObjects), "kept_size": .count(garbage.keptSize),
        ]
    }
}
