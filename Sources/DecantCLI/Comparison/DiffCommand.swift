import ArgumentParser
import CanonicalJSON
import RecipeLanguage
import Store

struct DiffCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "Compare two builds or two artifacts: recipe fields, stages, figures.")

    @Argument(help: "A build (RECIPE for its newest, RECIPE~1 for the one before, a tag, a commit), or an artifact.")
    var old: String

    @Argument(help: "What to compare it with; without it, the build is compared with the one before it.")
    var new: String?

    @OptionGroup var options: ResultOptions

    func run() throws {
        let store = try options.openExisting()
        let (json, text) =
            switch try pair(in: store) {
            case (.build(let old), .build(let new)):
                { ($0.json, $0.text) }(try BuildComparison(from: old, to: new, in: store))
            case (.target(let old), .target(let new)):
                { ($0.json, $0.text) }(try ArtifactComparison(from: old, to: new, in: store))
            default:
                throw CommandFailure.badInput("one of the two is a build, the other an artifact: name two of a kind")
            }
        options.print(json, text)
    }

    private func pair(in store: Store) throws -> (StoredReference, StoredReference) {
        if let new { return (try StoredReference(old, in: store), try StoredReference(new, in: store)) }
        guard let newest = try store.findBuild(old) else {
            throw CommandFailure.badInput("'\(old)' is no build; name a second one to compare it with", hint: "log")
        }
        guard let before = try newest.previous.flatMap({ try store.build($0) }) else {
            throw CommandFailure.badInput("'\(old)' is the first build of \(newest.recipe): there is none before it")
        }
        return (.build(before), .build(newest))
    }
}

/// What differs between two builds: the recipe's fields, the stages, the figures.
struct BuildComparison {
    var old: StoredBuild
    var new: StoredBuild
    var fields: [RecipeChange]
    var stages: [StageChange]
    var metrics: [MetricDelta]

    init(from old: StoredBuild, to new: StoredBuild, in store: Store) throws {
        (self.old, self.new) = (old, new)
        let before = try RecipeFields(store.texts(of: old))
        let after = try RecipeFields(store.texts(of: new))
        fields = before.flatMap { before in after.map(before.changes(to:)) } ?? []
        stages = try StageChange.all(from: old, to: new, in: store)
        metrics = MetricDelta.all(from: try store.report(of: old)?.json, to: try store.report(of: new)?.json)
    }

    var json: JSON {
        [
            "old": .string(old.commit.hex), "new": .string(new.commit.hex),
            "fields": .array(
                fields.map {
                    ["field": .string($0.field), "old": $0.old?.normal ?? .null, "new": $0.new?.normal ?? .null]
                }),
            "stages": .array(stages.map(\.json)),
            "metrics": .array(metrics.map(\.json)),
        ]
    }

    var text: String {
        var parts = ["\(old.heading)\n\(new.heading)"]
        parts.append(
            fields.isEmpty
                ? "recipe: no field changed"
                : (["recipe"] + fields.map { "  \($0.field): \($0.old?.written ?? "–") → \($0.new?.written ?? "–")" })
                    .joined(separator: "\n"))
        parts.append(
            stages.isEmpty
                ? "stages: all as before" : (["stages"] + stages.map { "  " + $0.text }).joined(separator: "\n"))
        let table = MetricTable(deltas: metrics).text
        if !table.isEmpty { parts.append(table) }
        return parts.joined(separator: "\n\n")
    }
}

/// What differs between two artifacts and in what they were made from.
struct ArtifactComparison {
    var old: StoredTarget
    var new: StoredTarget
    var stages: [StageChange]
    var metrics: [MetricDelta]

    init(from old: StoredTarget, to new: StoredTarget, in store: Store) throws {
        (self.old, self.new) = (old, new)
        var names = try StageNames(around: old, in: store)
        names.add(try StageNames(around: new, in: store))
        stages = StageChange.all(
            from: try store.lineage(of: old.record), to: try store.lineage(of: new.record), names: names)
        metrics = MetricDelta.all(
            from: try store.report(in: old.record.artifact), to: try store.report(in: new.record.artifact))
    }

    var json: JSON {
        [
            "old": .string(old.record.commit.hex), "new": .string(new.record.commit.hex),
            "stages": .array(stages.map(\.json)), "metrics": .array(metrics.map(\.json)),
        ]
    }

    var text: String {
        guard !stages.isEmpty else { return "\(old.name) and \(new.name) are the same commit \(new.record.commit.short)" }
        let heads = [old, new].map { "\($0.record.commit.short)  \($0.name)  artifact \($0.record.artifact.digest.short)" }
        let table = MetricTable(deltas: metrics).text
        return (heads + [""] + stages.map(\.text) + (table.isEmpty ? [] : ["", table])).joined(separator: "\n")
    }
}

extension RecipeFields {
    /// Those of a build's recipe; what it extends is beside it, in the order of being asked for.
    init?(_ texts: BuildTexts) {
        self.init(texts.source, loading: texts.loader)
    }
}
