import CanonicalJSON
import Foundation
import TestSupport

/// A file of the `Reference` folder, written by the scripts of `scripts/reference`.
func reference(_ name: String) throws -> JSON {
    try Checkout.json("Tests/EngineFormatsTests/Reference/\(name)")
}
