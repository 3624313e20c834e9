#pragma once
// What no setting can tell alone: the rules between two of them. Threading: any.

#include "app/settings_loader.h"

namespace relay {

// Adds a problem for each rule that `loaded`, with good values, breaks.
void check_setting_rules(const LoadedSettings& loaded, SettingProblems& problems);

}  // namespace relay
