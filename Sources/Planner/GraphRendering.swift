import BuildModel
import CanonicalJSON

/// Draws a graph as text for other programs.
package enum GraphRendering: String, CaseIterable, Sendable {
    /// Graphviz.
    case dot
    case mermaid

    /// Stages in the graph's order, edges from inputs to the stages that read them; ends with a line break.
    package func render(_ graph: Graph) -> String {
        switch self {
        case .dot: dot(graph)
        case .mermaid: mermaid(graph)
        }
    }

    private func dot(_ graph: Graph) -> String {
        func quoted(_ text: String) -> String {
            "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
        }
        var lines = ["digraph decant {", "    rankdir=LR", "    node [shape=box, style=rounded, fontname=\"sans-serif\"]"]
        let results = Set(graph.targets.map(\.stage))
        for id in graph.ids {
            let stage = graph[id]
            let label = quoted(stage.name).dropLast() + "\\n" + quoted(stage.kind).dropFirst()
            let shape = stage.fixedOutput != nil ? ", shape=note" : results.contains(id) ? ", penwidth=2" : ""
            lines.append("    \(quoted(stage.name)) [label=\(label)\(shape)]")
        }
        for id in graph.ids {
            for input in graph[id].inputs {
                lines.append(
                    "    \(quoted(graph[input.stage].name)) -> \(quoted(graph[id].name)) [label=\(quoted(input.name))]")
            }
        }
        return (lines + ["}"]).joined(separator: "\n") + "\n"
    }

    private func mermaid(_ graph: Graph) -> String {
        func quoted(_ text: String) -> String {
            "\"" + text.replacing("#", with: "#35;").replacing("\"", with: "#quot;").replacing("<", with: "#lt;") + "\""
        }
        var lines = ["flowchart LR"]
        let results = Set(graph.targets.map(\.stage))
        for id in graph.ids {
            let stage = graph[id]
            let label = quoted(stage.name).dropLast() + "<br/>" + quoted(stage.kind).dropFirst()
            let (open, close) = stage.fixedOutput != nil ? ("[(", ")]") : results.contains(id) ? ("[[", "]]") : ("[", "]")
            lines.append("    s\(id.index)\(open)\(label)\(close)")
        }
        for id in graph.ids {
            for input in graph[id].inputs { lines.append("    s\(input.stage.index) -->|\(quoted(input.name))| s\(id.index)") }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

extension Graph {
    /// The graph for programs: stages in order with kind, parameters and inputs by name; targets by name.
    package var json: JSON {
        [
            "stages": .array(
                stages.map { stage in
                    [
                        "name": .string(stage.name), "kind": .string(stage.kind), "revision": .integer(Int64(stage.revision)),
                        "numerics": .string(stage.numerics.rawValue), "parameters": stage.parameters,
                        "inputs": .array(
                            stage.inputs.map { ["name": .string($0.name), "stage": .string(self[$0.stage].name)] }),
                    ]
                }),
            "targets": .array(targets.map { ["name": .string($0.name), "stage": .string(self[$0.stage].name)] }),
        ]
    }
}
