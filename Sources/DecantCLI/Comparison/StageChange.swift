import BuildModel
import CanonicalJSON
import Executor
import Store

/// A stage that two builds do not have in common.
struct StageChange {
    enum Change {
        case added(StageRecord)
        case removed(StageRecord)
        case changed(from: StageRecord, to: StageRecord, why: [Reason])
    }

    var name: String
    var change: Change

    var text: String {
        switch change {
        case .added(let record): "added    \(name) (\(record.action.kind))"
        case .removed(let record): "removed  \(name) (\(record.action.kind))"
        case .changed(let old, let new, let why): "changed  \(name): " + Self.words(why, old, new)
        }
    }

    private static func words(_ why: [Reason], _ old: StageRecord, _ new: StageRecord) -> String {
        if !why.isEmpty {
            return (own(why) + inputs(why)).joined(separator: "; ")
                + (old.artifact.digest == new.artifact.digest ? " (the same bytes came out)" : "")
        }
        if old.artifact.digest != new.artifact.digest { return "the same key gave other bytes" }
        return "the same artifact; only what its inputs were made from changed"
    }

    /// What changed in the stage itself.
    private static func own(_ why: [Reason]) -> [String] {
        why.compactMap { if case .input = $0 { nil } else { $0.text } }
    }

    /// What changed in its inputs; a report has many.
    private static func inputs(_ why: [Reason]) -> [String] {
        let stages = why.compactMap { if case .input(_, let stage) = $0 { stage } else { nil } }
        guard stages.count > 3 else { return why.compactMap { if case .input = $0 { $0.text } else { nil } } }
        return ["\(stages.count) inputs changed (\(stages.prefix(2).joined(separator: ", ")), …)"]
    }

    var json: JSON {
        var members: [String: JSON] = ["name": .string(name)]
        func add(_ prefix: String, _ record: StageRecord) {
            members[prefix] = [
                "commit": .string(record.commit.hex), "artifact": .string(record.artifact.digest.hex),
                "kind": .string(record.action.kind),
            ]
        }
        switch change {
        case .added(let record):
            members["change"] = "added"
            add("new", record)
        case .removed(let record):
            members["change"] = "removed"
            add("old", record)
        case .changed(let old, let new, let why):
            members["change"] = "changed"
            members["why"] = .array(why.map(\.json))
            add("old", old)
            add("new", new)
        }
        return .object(members)
    }
}

extension StageChange {
    /// The difference between two stage commits; `nil` where they are one.
    init?(name: String, from old: Lineage.Stage, to new: Lineage.Stage, names: StageNames) {
        guard old.commit != new.commit else { return nil }
        let sources = Dictionary(new.inputs.map { ($0.name, names[$0.commit]) }, uniquingKeysWith: { $1 })
        let why = StageComparison.reasons(from: old.record.action, to: new.record.action, sources: sources)
        self.init(name: name, change: .changed(from: old.record, to: new.record, why: why))
    }

    /// What happened to the stages between two builds, in the order of the newer one; removed stages come last.
    static func all(from old: StoredBuild, to new: StoredBuild, in store: Store) throws -> [StageChange] {
        let before = Dictionary(old.stages.map { ($0.name, $0.commit) }, uniquingKeysWith: { $1 })
        let names = StageNames(new)
        var changes: [StageChange] = []
        for stage in new.stages where before[stage.name] != stage.commit {
            let record = try store.lineageStage(stage.commit)
            guard let earlier = before[stage.name] else {
                changes.append(StageChange(name: stage.name, change: .added(record.record)))
                continue
            }
            let change = StageChange(name: stage.name, from: try store.lineageStage(earlier), to: record, names: names)
            if let change { changes.append(change) }
        }
        let after = Set(new.stages.map(\.name))
        for stage in old.stages where !after.contains(stage.name) {
            changes.append(StageChange(name: stage.name, change: .removed(try store.lineageStage(stage.commit).record)))
        }
        return changes
    }

    /// What is different between two artifacts and, input by input, in what they were made from; the artifacts first.
    static func all(from old: Lineage, to new: Lineage, names: StageNames) -> [StageChange] {
        guard let oldRoot = old.stages.last, let newRoot = new.stages.last else { return [] }
        var changes: [StageChange] = []
        var open = [(oldRoot, newRoot)]
        var seen: Set<[CommitID]> = []
        while !open.isEmpty {
            let (before, after) = open.removeFirst()
            guard seen.insert([before.commit, after.commit]).inserted,
                let change = StageChange(name: names[after.commit], from: before, to: after, names: names)
            else { continue }
            changes.append(change)
            // The inputs of stages of different kinds do not correspond.
            guard before.record.action.kind == after.record.action.kind else { continue }
            for input in after.inputs {
                guard let next = new[input.commit],
                    let earlier = before.inputs.first(where: { $0.name == input.name }).flatMap({ old[$0.commit] })
                else { continue }
                open.append((earlier, next))
            }
        }
        return changes
    }
}
