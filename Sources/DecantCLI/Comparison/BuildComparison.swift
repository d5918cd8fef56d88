import CanonicalJSON
import RecipeLanguage
import Store

/// What differs between two builds: the recipe's fields, the stages, the figures.
struct BuildComparison {
    var old: StoredBuild
    var new: StoredBuild
    var fields: [RecipeChange]
    var stages: [StageChange]
    var metrics: [MetricDelta]

    init(from old: StoredBuild, to new: StoredBuild, in store: Store) throws {
        self.old = old
        self.new = new
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
        self.old = old
        self.new = new
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
