import Declarations
import Kinds

/// `sample`: how the teacher answers the training prompts.
extension Sample {
    enum Definition {
        static let section = SectionField(
            "sample",
            MappingDefinition(
                "sample", "How the teacher answers the training prompts; with `none`, KD learns from the rows' own answers.",
                mayBeNone: true, Sample.fields()))
    }

    /// `nil` for `sample: none`. A section that is left out has its defaults.
    init?(reading recipe: Fields) {
        if recipe.node("sample")?.scalar?.text == "none" { return nil }
        self = .standard
        read(recipe.section(Definition.section))
    }
}
