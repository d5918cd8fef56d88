import BuildModel
import CanonicalJSON
import Diagnostics
import RecipeLanguage

/// Which parameters of a stage are the language's defaults.
///
/// Defaults belong to the recipe language, which fills them in before a kind sees its parameters. So they are read off what a
/// recipe that says next to nothing is lowered to, and cannot drift from it. Where the language has several (a teacher trains
/// for 600 steps, a student for 500), each of them counts.
package enum KindDefaults {
    /// The parameters of a stage that differ from every default; all of them for kinds without defaults.
    package static func departures(of kind: String, _ parameters: JSON) -> JSON {
        departures(of: parameters, from: defaults[kind] ?? [])
    }

    /// Recipes that have every kind with defaults, and which parameters they write themselves.
    private static let recipes: [(body: String, written: Set<String>)] = [
        ("quantize: {}", []),
        (
            """
            teacher: {transfer: SFT+RL}
            transfer: SFT+RFT+KD+oKD+RL+DPO
            prune: {}
            quantize: {method: gptq}
            evaluate: {metrics: [ar, exact, flops, latency, perplexity, speed], perplexity: {text: templates}}
            stages: {own: {command: ["true"], outputs: [out]}}
            """, ["quant.apply.method", "exec.command", "exec.outputs"]
        ),
        (Self.pruning("width"), ["model.init.shape", "prune.apply.method", "prune.score.method"]),
        (Self.pruning("osscar"), ["model.init.shape", "prune.apply.method", "prune.score.method"]),
    ]

    /// Of a student with channels to lose.
    private static func pruning(_ method: String) -> String {
        "student: {init: {hidden: 512, intermediate: 2048}}\nprune: {method: \(method)}\n"
    }

    private static let head = """
        decant: 1
        sources: {functions: {path: f}, templates: {path: t}}
        data: {generate: {functions: functions, templates: templates}}

        """

    private static let defaults: [String: [JSON]] = {
        let file = SourceSnapshot(file: "", digest: Digest(hashing: ""), path: "")
        var defaults: [String: [JSON]] = [:]
        for (body, written) in recipes {
            guard let recipe = RecipeReader.read(SourceText(path: "defaults", text: head + body)).recipe,
                let graph = try? Planner.plan(recipe, sources: ["functions": file, "templates": file]).graph
            else { continue }
            for stage in graph.stages where stage.fixedOutput == nil && stage.kind != Report.name {
                let parameters = (stage.parameters.object ?? [:]).filter { !written.contains("\(stage.kind).\($0.key)") }
                defaults[stage.kind, default: []].append(.object(parameters))
            }
        }
        return defaults
    }()

    private static func departures(of value: JSON, from defaults: [JSON]) -> JSON {
        guard let members = value.object else { return value }
        return .object(
            members.reduce(into: [:]) { departures, member in
                let known = defaults.compactMap { $0[member.key] }
                guard !known.contains(member.value) else { return }
                let rest = Self.departures(of: member.value, from: known)
                if rest != [:] { departures[member.key] = rest }
            })
    }

    /// The kinds that have defaults, sorted.
    static var kinds: [String] { defaults.keys.sorted() }
}
