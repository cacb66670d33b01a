{application, waits, [{description, ""}, {vsn, "1"}, {modules, [waits]}, {registered, []}, {applications, [kernel, stdlib]},
                      {env, [{from, app}]}, {mod, {waits, []}}]}.
