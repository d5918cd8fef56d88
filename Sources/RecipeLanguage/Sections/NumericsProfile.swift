import Declarations
import Words

/// `numerics`: which kernels compute the stages that run or train a model.
package enum NumericsProfile: String, Word {
    case portable
    case native
}

extension NumericsProfile {
    enum Definition {
        static let field = Field.choice(
            "numerics", NumericsProfile.portable,
            "How models are run and trained: `portable` gives the same bytes on every machine; `native` takes the fastest "
                + "kernels of this processor's family, which becomes part of the keys.")
    }
}
