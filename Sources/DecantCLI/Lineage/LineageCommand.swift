import ArgumentParser
import BuildModel
import CanonicalJSON
import Kinds
import Planner
import Store

struct LineageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lineage", abstract: "Show everything that an artifact was made from, as a tree of stages.")

    enum Format: String, CaseIterable, ExpressibleByArgument {
        case tree
        case dot
    }

    @Argument(help: "A stage or target of a recipe's last build (BUILD:NAME for another build), a tag, or a commit.")
    var target: String

    @Option(help: "tree, or dot (Graphviz).")
    var format = Format.tree

    @OptionGroup var options: ResultOptions

    func run() throws {
        let store = try options.openExisting()
        let stored = try StoredTarget(target, in: store)
        let rendering = try LineageRendering(of: stored, in: store)
        if options.asJSON {
            Console.output(json: rendering.json(of: stored))
        } else {
            Console.output(format == .dot ? rendering.dot : rendering.tree)
        }
    }
}

/// A lineage for people and for programs.
struct LineageRendering {
    let lineage: Lineage
    let names: StageNames
    /// Where the stages came from that were not made here.
    private let arrivals: [CommitID: Arrival]

    init(_ lineage: Lineage, names: StageNames, in store: Store) throws {
        self.lineage = lineage
        self.names = names
        var arrivals: [CommitID: Arrival] = [:]
        for stage in lineage.stages { arrivals[stage.commit] = try store.arrival(of: stage.record) }
        self.arrivals = arrivals
    }

    init(of stored: StoredTarget, in store: Store) throws {
        try self.init(store.lineage(of: stored.record), names: StageNames(around: stored, in: store), in: store)
    }

    /// What an artifact was made from, for programs.
    func json(of stored: StoredTarget) -> JSON {
        [
            "name": .string(stored.name), "commit": .string(stored.record.commit.hex),
            "artifact": .string(stored.record.artifact.digest.hex), "stages": json,
        ]
    }

    /// The artifact's stage first, its inputs below it; a stage that several others share is shown where it comes first.
    var tree: String {
        guard let root = lineage.stages.last else { return "" }
        var lines: [String] = []
        var shown: Set<CommitID> = []
        add(root, label: "", indentation: "", below: "", to: &lines, &shown)
        return lines.joined(separator: "\n")
    }

    private func add(
        _ stage: Lineage.Stage, label: String, indentation: String, below: String, to lines: inout [String],
        _ shown: inout Set<CommitID>
    ) {
        guard shown.insert(stage.commit).inserted else {
            lines.append("\(indentation)\(label)\(names[stage.commit])  (shown above, commit \(stage.commit.short))")
            return
        }
        lines.append(indentation + label + line(of: stage))
        for (index, input) in stage.inputs.enumerated() {
            guard let next = lineage[input.commit] else { continue }
            let isLast = index == stage.inputs.count - 1
            add(
                next, label: "\(input.name): ", indentation: below + (isLast ? "└─ " : "├─ "),
                below: below + (isLast ? "   " : "│  "), to: &lines, &shown)
        }
    }

    private func line(of stage: Lineage.Stage) -> String {
        let action = stage.record.action
        let parameters = KindCatalogue.standard.departures(of: action.kind, action.parameters).fields
        return
            ([names[stage.commit], action.kind] + (action.numerics == .portable ? [] : [action.numerics.rawValue])
            + (parameters.isEmpty ? [] : [parameters]) + [
                "artifact \(stage.record.artifact.digest.short)", "commit \(stage.commit.short)",
            ] + (arrivals[stage.commit].map { ["from \($0.origin)"] } ?? [])).joined(separator: "  ")
    }

    /// Every stage after its inputs, with whole digests and all parameters.
    var json: JSON {
        .array(
            lineage.stages.map { stage in
                let action = stage.record.action
                return [
                    "name": names.name(of: stage.commit).map(JSON.string) ?? .null,
                    "kind": .string(action.kind), "revision": .count(action.revision),
                    "commit": .string(stage.commit.hex), "artifact": .string(stage.record.artifact.digest.hex),
                    "key": .string(action.key.hex), "numerics": .string(action.numerics.rawValue),
                    "parameters": action.parameters,
                    "received": arrivals[stage.commit]?.json ?? .null,
                    "not_default": KindCatalogue.standard.departures(of: action.kind, action.parameters),
                    "inputs": .array(
                        stage.inputs.map { ["name": .string($0.name), "commit": .string($0.commit.hex)] }),
                ]
            })
    }

    /// For Graphviz.
    var dot: String {
        func quoted(_ text: String) -> String {
            "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
        }
        var lines = ["digraph lineage {", "    rankdir=LR", "    node [shape=box, style=rounded, fontname=\"sans-serif\"]"]
        for stage in lineage.stages {
            let label = [names[stage.commit], stage.record.action.kind, stage.record.artifact.digest.short].map {
                quoted($0).dropFirst().dropLast()
            }
            lines.append("    \(quoted(stage.commit.short)) [label=\"\(label.joined(separator: "\\n"))\"]")
        }
        for stage in lineage.stages {
            for input in stage.inputs {
                lines.append(
                    "    \(quoted(input.commit.short)) -> \(quoted(stage.commit.short)) [label=\(quoted(input.name))]")
            }
        }
        return (lines + ["}"]).joined(separator: "\n")
    }
}

extension JSON {
    /// The fields of an object on one line, dotted, without what does not fit: `training.steps=7, loss=[…`.
    var fields: String { fields(below: "").joined(separator: ", ") }

    private func fields(below path: String) -> [String] {
        sortedMembers.flatMap { key, value in
            if value.object?.isEmpty == false { return value.fields(below: path + key + ".") }
            let text = value.string ?? value.canonicalText
            return [path + key + "=" + (text.count > 48 ? text.prefix(47) + "…" : text)]
        }
    }
}
