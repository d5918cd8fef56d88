import BuildModel
import CanonicalJSON
import ChatTemplates
import Foundation
import Planner
import RecipeChecks
import Stages

extension FuzzTarget {
    /// What people write: recipes, functions, templates, keys.
    static let texts: [FuzzTarget] = [
        FuzzTarget("recipe", seeds: Seeds.recipes, words: Seeds.recipeWords) { bytes, _ in checkRecipe(bytes) },
        FuzzTarget("functions", seeds: [Array(Seeds.functions.utf8)], words: Seeds.generationWords) { bytes, folder in
            try Seeds.run(
                "data.generate", ["count": 20], ["functions/f.yaml": bytes, "templates/t.yaml": Array(Seeds.utterances.utf8)],
                in: folder)
        },
        FuzzTarget("utterances", seeds: [Array(Seeds.utterances.utf8)], words: Seeds.generationWords) { bytes, folder in
            try Seeds.run(
                "data.generate", ["count": 20], ["functions/f.yaml": Array(Seeds.functions.utf8), "templates/t.yaml": bytes],
                in: folder)
        },
        FuzzTarget("tools", .json, seeds: Seeds.tools, words: ["function", "parameters", "tools", "type: int"]) { bytes, _ in
            _ = try FunctionFile.read(bytes, path: "tools.json")
        },
        FuzzTarget("template", .template, seeds: Seeds.templates, words: Seeds.templateWords) { bytes, _ in
            let template = try ChatTemplate(String(decoding: bytes, as: UTF8.self))
            _ = try template.render(Seeds.conversation)
        },
        FuzzTarget("json", .json, seeds: [Seeds.tokenizer, Seeds.configuration]) { bytes, _ in
            let json = try JSON(parsing: bytes)
            _ = try JSON(parsing: json.canonicalBytes) == json
            _ = json.prettyText
        },
        FuzzTarget("action", .json, seeds: Seeds.actions, words: ["portable", "native", "train.sft", "exec"]) { bytes, _ in
            let action = try Action(encoding: try JSON(parsing: bytes))
            _ = action.key
            _ = try StageCatalogue.standard.stage(for: action).json
        },
        FuzzTarget("lock", .json, seeds: [Seeds.lock]) { bytes, _ in
            _ = try SourceLock(text: String(decoding: bytes, as: UTF8.self)).text
        },
    ]
}
